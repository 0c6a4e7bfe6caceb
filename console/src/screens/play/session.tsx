// The runs of this tab: what was tried, and what came of it.
import type { VNode } from 'preact';
import { Status } from '../../parts/status';
import { likeness, type SessionRun } from '../../state/draft';
import { count, duration, percent, shortTime } from '../../state/format';
import { href, route } from '../../state/route';

export function Session({ runs, onPutBack, onForget }: { runs: SessionRun[]; onPutBack: (run: SessionRun) => void; onForget: () => void }): VNode | null {
  const { namespace } = route.value;
  const first = runs[0];
  if (!first) return null;
  return (
    <section class="stack" aria-label="Runs of this tab">
      <div class="line"><h2>Runs of this tab</h2><span class="spring" /><button type="button" class="quiet" onClick={onForget}>Begin anew</button></div>
      <div class="compare-table" role="region" aria-label="Runs of this tab, newest first" tabIndex={0}>
        <table>
          <thead><tr><th scope="col">Run</th><th scope="col">At</th><th scope="col">Status</th><th scope="col" class="is-end">Took</th><th scope="col" class="is-end">Found</th>
            <th scope="col" class="is-end"><abbr title={`Of the first ten, the share that run ${first.number} has in its first ten`}>Like run {first.number}</abbr></th><th scope="col">Then</th></tr></thead>
          <tbody>
            {[...runs].reverse().map((run) => (
              <tr key={run.number}>
                <th scope="row"><a href={href(namespace, 'executions', [run.execution_id])} title={run.execution_id}>{run.number}</a></th>
                <td>{shortTime(run.at)}</td>
                <td><Status row={{ status: run.status, total_returned: run.found }} /></td>
                <td class="is-end">{duration(run.took_ms)}</td>
                <td class="is-end">{count(run.found)}</td>
                <td class="is-end">{run === first ? '–' : percent(likeness(first.first, run.first))}</td>
                <td><span class="line play-then">
                  {run !== first && <a href={href(namespace, 'compare', [first.execution_id, run.execution_id])}>compare with {first.number}</a>}
                  <button type="button" class="plain link" onClick={() => onPutBack(run)}>put back</button>
                </span></td>
              </tr>))}
          </tbody>
        </table>
      </div>
    </section>);
}
