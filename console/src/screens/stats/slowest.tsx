// The ten slowest executions under the filter.
import type { VNode } from 'preact';
import { listExecutions } from '../../api/executions';
import { Status } from '../../parts/status';
import { ErrorBox, Skeleton } from '../../parts/states';
import { cellText } from '../../state/fields';
import { count, duration, longTime, shortTime } from '../../state/format';
import { listParams, type Conditions } from '../../state/list_filter';
import { useLoad } from '../../state/load';
import { href, route } from '../../state/route';
import { Share } from './stages';

const MANY = 10;

export function Slowest({ question, conditions }: { question: string; conditions: Conditions }): VNode {
  const list = useLoad(question, (signal) => listExecutions({ ...conditions, sort: 'duration_ms' }, { limit: MANY }, signal));
  const { namespace } = route.value;
  const params = listParams(conditions);
  params.set('sort', 'duration_ms');
  const rows = list.data?.results ?? [];
  const most = rows[0]?.duration_ms ?? 0;
  return (
    <section aria-label="Slowest executions">
      <div class="line">
        <h2>Slowest</h2>
        <a href={href(namespace, 'executions', [], params)}>All by how long they took</a>
      </div>
      {list.error && <ErrorBox error={list.error} onRetry={list.reload} />}
      {!list.data && !list.error && <Skeleton lines={4} />}
      {rows.length > 0 && (
        <div class={`table-box${list.isOld ? ' is-old' : ''}`} tabIndex={0} role="region" aria-label="Table of the slowest executions">
          <table>
            <thead><tr><th scope="col">Query</th><th scope="col">Took</th><th scope="col">Status</th><th scope="col" class="is-end">Found</th><th scope="col">Started</th></tr></thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.execution_id}>
                  <th scope="row"><a href={href(namespace, 'executions', [row.execution_id])}><bdi>{cellText(row.query_summary, 120) || row.execution_id}</bdi></a></th>
                  <td><Share of={most > 0 ? row.duration_ms / most : 0}>{duration(row.duration_ms)}</Share></td>
                  <td><Status row={row} /></td>
                  <td class="is-end">{count(row.total_returned)}</td>
                  <td title={longTime(row.timestamp)}>{shortTime(row.timestamp)}</td>
                </tr>))}
            </tbody>
          </table>
        </div>)}
    </section>);
}
