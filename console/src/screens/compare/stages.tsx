// The stages of both runs side by side.
import type { VNode } from 'preact';
import type { DiffStage, ExecutionDiff, ListDiff } from '../../api/schema';
import { count, duration, percent } from '../../state/format';

/** What happened to a list from A to B, in a few words. */
export function changeOf(list: ListDiff | null): string {
  if (list === null) return 'only in one of them';
  if (list.same) return list.cut_short ? 'same as far as recorded' : 'same';
  const parts = [
    list.entered_count > 0 && `${count(list.entered_count)} only in B`,
    list.left_count > 0 && `${count(list.left_count)} only in A`,
    list.moved_count > 0 && `${count(list.moved_count)} moved`,
    list.rescored_count > 0 && `${count(list.rescored_count)} with another score`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : 'differs';
}

function Counts({ stage }: { stage: DiffStage }): VNode {
  return stage ? <>{count(stage.input_count)} → {count(stage.output_count)}</> : <span class="soft">not run</span>;
}

function Took({ stage, longest }: { stage: DiffStage; longest: number }): VNode | null {
  if (!stage) return null;
  const times = stage.usual_ms && stage.usual_ms.p50 > 0 ? stage.duration_ms / stage.usual_ms.p50 : null;
  const isSlow = stage.usual_ms !== null && stage.duration_ms > stage.usual_ms.p99;
  return (
    <div class="compare-took">
      <span class="compare-bar" aria-hidden="true"><span class={isSlow ? 'is-slow' : ''} style={{ width: `${longest > 0 ? Math.max(2, (100 * stage.duration_ms) / longest) : 0}%` }} /></span>
      <span>{duration(stage.duration_ms)}{stage.cache_hit && <span class="soft"> · from cache</span>}</span>
      {stage.usual_ms && (
        <span class={isSlow ? 'warn' : 'soft'}>usually {duration(stage.usual_ms.p50)}{times !== null && times >= 2 && isSlow ? `: ${times.toFixed(1)}×` : ''}</span>)}
    </div>);
}

export function Stages({ diff, selected, onSelect }: { diff: ExecutionDiff; selected: number | null; onSelect: (pair: number | null) => void }): VNode {
  const longest = Math.max(0, ...diff.stages.flatMap(({ a, b }) => [a?.duration_ms ?? 0, b?.duration_ms ?? 0]));
  return (
    <div class="compare-table" tabIndex={0} role="region" aria-label="Stages of both runs">
      <table>
        <thead>
          <tr><th scope="col">Stage</th><th scope="col">A in → out</th><th scope="col">B in → out</th><th scope="col">A took</th><th scope="col">B took</th>
            <th scope="col">From A to B</th><th scope="col" class="is-end"><abbr title="How many of the first ten both have">overlap@10</abbr></th></tr>
        </thead>
        <tbody>
          {diff.stages.map((pair, i) => {
            const either = (pair.a ?? pair.b)!;
            const renamed = pair.a && pair.b && pair.a.stage_name !== pair.b.stage_name;
            return (
              <tr key={i} class={`${i === selected ? 'is-selected' : ''}${i === diff.diverges ? ' is-parting' : ''}`}>
                <th scope="row">
                  <button type="button" class="plain compare-stage" aria-pressed={i === selected} onClick={() => onSelect(i === selected ? null : i)}>
                    <bdi>{either.stage_name}</bdi>{renamed && <> → <bdi>{pair.b!.stage_name}</bdi></>}
                  </button>
                  <span class="soft"> <bdi>{either.stage_id}</bdi></span>
                  {i === diff.diverges && <span class="compare-parting"><span aria-hidden="true">◆</span> they part here</span>}
                  {(pair.a?.error ?? pair.b?.error) && <div class="bad">✕ <bdi>{pair.a?.error ? 'A: ' + pair.a.error : 'B: ' + pair.b!.error}</bdi></div>}
                </th>
                <td><Counts stage={pair.a} /></td>
                <td><Counts stage={pair.b} /></td>
                <td><Took stage={pair.a} longest={longest} /></td>
                <td><Took stage={pair.b} longest={longest} /></td>
                <td>{pair.a === null ? 'only B has it' : pair.b === null ? 'only A has it' : changeOf(pair.candidates)}</td>
                <td class="is-end">{pair.candidates ? percent(pair.candidates.overlap_at_10) : '–'}</td>
              </tr>);
          })}
          <tr class={`compare-results${selected === null ? ' is-selected' : ''}`}>
            <th scope="row"><button type="button" class="plain compare-stage" aria-pressed={selected === null} onClick={() => onSelect(null)}>Results</button></th>
            <td>{count(diff.results.count_before)}</td>
            <td>{count(diff.results.count_after)}</td>
            <td>{duration(diff.a.duration_ms)}</td>
            <td>{duration(diff.b.duration_ms)}</td>
            <td>{changeOf(diff.results)}</td>
            <td class="is-end">{percent(diff.results.overlap_at_10)}</td>
          </tr>
        </tbody>
      </table>
    </div>);
}
