// The way of a document through the stages: its rank after each, and where it was lost.
import type { VNode } from 'preact';
import type { WhyAnswer } from '../../api/schema';
import { count, score } from '../../state/format';
import { href, route } from '../../state/route';

export function Boundaries({ answer, id }: { answer: WhyAnswer; id: string }): VNode {
  const lost = answer.lost_at?.stage_index ?? -1;
  return (
    <ol class="way" aria-label="Its way through the stages">
      {answer.boundaries.map((boundary, i) => {
        const before = i > 0 ? answer.boundaries[i - 1]!.rank : null;
        const moved = before !== null && boundary.rank !== null ? before - boundary.rank : 0;
        return (
          <li key={i} class={i === lost ? 'is-lost' : boundary.rank === null ? 'is-absent' : ''}>
            <a href={href(route.value.namespace, 'executions', [id], { stage: String(i) })}><bdi>{boundary.stage_name}</bdi></a>
            <span class="soft"><bdi>{boundary.stage_id}</bdi></span>
            {boundary.rank !== null
              ? <strong>{count(boundary.rank)} <span class="soft">of {count(boundary.count)}</span></strong>
              : <strong>{i === lost ? <><span aria-hidden="true">✕ </span>lost here</> : <span class="soft">– <span class="off-screen">absent</span></span>}</strong>}
            <span class="soft">
              {boundary.rank !== null ? <>score {score(boundary.score)}</> : <>{count(boundary.count)} went on</>}
              {moved !== 0 && <span class={moved > 0 ? 'good' : 'warn'}> <span aria-hidden="true">{moved > 0 ? '▲' : '▼'}</span><span class="off-screen">{moved > 0 ? 'up' : 'down'} </span>{count(Math.abs(moved))}</span>}
            </span>
          </li>);
      })}
      <li class={answer.outcome === 'in_results' ? 'is-in' : 'is-absent'}>
        <span>results</span><span class="soft">of the run</span>
        <strong>{answer.rank !== null ? <><span aria-hidden="true">● </span>{count(answer.rank)}</> : <span class="soft">–</span>}</strong>
        <span class="soft">{answer.outcome === 'in_results' ? 'in the results' : 'not in them'}</span>
      </li>
    </ol>);
}
