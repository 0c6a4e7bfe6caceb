// What the stages took and let through, and what the cache spared: fixed views of the server, of the
// last hours, of all runs or of those of one pipeline.
import type { VNode } from 'preact';
import { cachePerformance, stageBreakdown } from '../../api/analytics';
import { ErrorBox, Skeleton } from '../../parts/states';
import { csvOf } from '../../state/csv';
import { count, duration, percent, plural } from '../../state/format';
import type { Conditions } from '../../state/list_filter';
import { useLoad } from '../../state/load';
import { saveFile } from '../../state/save';

const HOURS_MAX = 720;

export function Stages({ question, conditions, from }: { question: string; conditions: Conditions; from: number }): VNode {
  const retriever = conditions.shape ?? conditions.fingerprint ?? 'adhoc';
  const hours = Math.min(HOURS_MAX, Math.max(1, Math.ceil((Date.now() - from) / 3_600_000 - 0.01)));
  const stages = useLoad(`${question} ${hours}`, (signal) => stageBreakdown(retriever, hours, signal));
  const cache = useLoad(stages.data || stages.error ? `${question} ${hours}` : null, (signal) => cachePerformance(retriever, hours, signal));
  const rows = stages.data?.stages ?? [];
  const spent = rows.map((row) => row.avg_latency_ms * row.execution_count);
  const all = spent.reduce((sum, one) => sum + one, 0);
  const hasMore = Object.keys(conditions).some((name) => !['start_time', 'shape', 'fingerprint'].includes(name));
  const save = () => saveFile('trawl-stages.csv', csvOf(
    ['stage', 'kind', 'runs', 'avg_ms', 'p95_ms', 'documents_in', 'documents_out'],
    rows.map((row) => [row.stage_name, row.stage_id, row.execution_count, row.avg_latency_ms, row.p95_latency_ms, row.avg_documents_in, row.avg_documents_out])), 'text/csv');
  return (
    <section aria-label="Stages">
      <div class="line">
        <h2>Stages</h2>
        <span class="soft">
          of {retriever === 'adhoc' ? 'all pipelines' : 'this pipeline'} in the last {hours === 1 ? 'hour' : plural(hours, 'hour', 'hours')}
          {hasMore && ', whatever else the filter says'}
          {stages.data?.partial && `; the newest ${plural(stages.data.execution_count, 'execution', 'executions')}`}
        </span>
        <span class="spring" />
        <button type="button" class="quiet" disabled={rows.length === 0} onClick={save}>CSV</button>
      </div>
      {stages.error && <ErrorBox error={stages.error} onRetry={stages.reload} />}
      {!stages.data && !stages.error && <Skeleton lines={4} />}
      {stages.data && rows.length === 0 && <p class="soft">No stage ran.</p>}
      {rows.length > 0 && (
        <div class={`table-box${stages.isOld ? ' is-old' : ''}`} tabIndex={0} role="region" aria-label="Table of stages">
          <table>
            <thead>
              <tr>
                <th scope="col">Stage</th><th scope="col">Kind</th><th scope="col" class="is-end">Runs</th><th scope="col">Share of the time</th>
                <th scope="col" class="is-end">Average</th><th scope="col" class="is-end">p95</th><th scope="col" class="is-end">Documents in → out</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, i) => (
                <tr key={`${row.stage_name} ${row.stage_id}`}>
                  <th scope="row"><bdi>{row.stage_name}</bdi></th>
                  <td class="soft">{row.stage_id}</td>
                  <td class="is-end">{count(row.execution_count)}</td>
                  <td><Share of={all > 0 ? spent[i]! / all : 0}>{percent(all > 0 ? spent[i]! / all : null)}</Share></td>
                  <td class="is-end">{duration(row.avg_latency_ms)}</td>
                  <td class="is-end">{duration(row.p95_latency_ms)}</td>
                  <td class="is-end">{documents(row.avg_documents_in)} → {documents(row.avg_documents_out)}</td>
                </tr>))}
            </tbody>
          </table>
        </div>)}
      {cache.data && cache.data.total_cache_hits + cache.data.total_cache_misses > 0 && (
        <p class={cache.isOld ? 'is-old' : ''}>
          <strong>{percent(cache.data.cache_hit_rate)}</strong> of {plural(cache.data.total_cache_hits + cache.data.total_cache_misses, 'run', 'runs')} had something
          from the cache: they took {duration(cache.data.avg_cache_hit_latency_ms)} on average, the others {duration(cache.data.avg_cache_miss_latency_ms)}.
        </p>)}
      {cache.error && <ErrorBox error={cache.error} onRetry={cache.reload} />}
    </section>);
}

/** A share of a column as a bar, and in words. */
export function Share({ of, children }: { of: number; children: string }): VNode {
  return <span class="share-cell"><i class="figure-bar tone-accent" aria-hidden="true" style={{ width: `${of * 5}rem` }} /> {children}</span>;
}

const documents = (value: number): string => (value >= 10 ? count(Math.round(value)) : String(Number(value.toFixed(1))));
