// The figures of everything, each a way to the executions that it counts.
import type { VNode } from 'preact';
import type { Figures } from '../../api/schema';
import { changeOf } from '../../state/figures';
import { count, duration, percent, score } from '../../state/format';
import { canonical, listParams, type Conditions } from '../../state/list_filter';
import { href, route } from '../../state/route';

export function Headline({ total, before, conditions, isPartial }: {
  total: Figures; before: Figures | null; conditions: Conditions; isPartial: boolean;
}): VNode {
  const more = isPartial ? '≥ ' : '';
  const to = (also: Record<string, unknown>, sort?: string) => {
    const params = listParams(canonical({ ...conditions, ...also }));
    if (sort) params.set('sort', sort);
    return href(route.value.namespace, 'executions', [], params);
  };
  return (
    <ul class="tiles" aria-label="All together">
      <Tile title="executions" value={more + count(total.count)} change={changeOf(total.count, before?.count ?? null)} to={to({})} />
      <Tile title="failed" value={more + count(total.error_count)} also={percent(total.error_rate)} tone={total.error_count > 0 ? 'bad' : ''} sign="✕"
        change={changeOf(total.error_rate, before?.error_rate ?? null)} to={to({ status: 'failed', statuses: null })} />
      <Tile title="found nothing" value={more + count(total.zero_result_count)} also={percent(total.zero_result_rate)} tone={total.zero_result_count > 0 ? 'warn' : ''} sign="○"
        change={changeOf(total.zero_result_rate, before?.zero_result_rate ?? null)} to={to({ status: 'completed', statuses: null, returned: 'zero' })} />
      <Tile title="p50" value={duration(total.duration_ms.p50)} change={changeOf(total.duration_ms.p50, before?.duration_ms.p50 ?? null)} />
      <Tile title="p95" value={duration(total.duration_ms.p95)} change={changeOf(total.duration_ms.p95, before?.duration_ms.p95 ?? null)}
        to={total.duration_ms.p95 === null ? undefined : to({ min_duration_ms: total.duration_ms.p95 }, 'duration_ms')} />
      <Tile title="p99" value={duration(total.duration_ms.p99)} change={changeOf(total.duration_ms.p99, before?.duration_ms.p99 ?? null)}
        to={total.duration_ms.p99 === null ? undefined : to({ min_duration_ms: total.duration_ms.p99 }, 'duration_ms')} />
      <Tile title="credits" value={score(total.credits_used.total)} change={changeOf(total.credits_used.total, before?.credits_used.total ?? null)} to={to({}, 'credits_used')} />
      <Tile title="from the cache" value={percent(total.cache_hit_rate)} change={changeOf(total.cache_hit_rate, before?.cache_hit_rate ?? null)} />
    </ul>);
}

function Tile({ title, value, also, tone = '', sign, change, to }: {
  title: string; value: string; also?: string; tone?: string; sign?: string; change: string | null; to?: string | undefined;
}): VNode {
  const inner = (
    <>
      <span class={`tile-value ${tone}`}>{sign && <span aria-hidden="true">{sign} </span>}{value} {also && <small>{also}</small>}</span>
      <span class="tile-title soft">{title}</span>
      {change !== null && <span class="tile-change">{change}</span>}
    </>);
  return <li>{to ? <a class="tile" href={to}>{inner}</a> : <div class="tile">{inner}</div>}</li>;
}
