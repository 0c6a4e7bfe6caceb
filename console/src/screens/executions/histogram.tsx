// When it happened: outcomes over time, or how slow or costly it was. A stretch that is chosen becomes
// the range of the list.
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { ExecutionAggregate } from '../../api/schema';
import { Chart, type Series } from '../../parts/chart';
import type { Bucket } from '../../state/chart';
import { count, duration, score } from '../../state/format';
import type { Conditions } from '../../state/list_filter';
import { withRange, zoomedOut } from '../../state/range';

export const MODES = ['outcomes', 'p95', 'credits'] as const;
export type Mode = (typeof MODES)[number];
export const MODE_TITLES: Record<Mode, string> = { outcomes: 'Executions by outcome', p95: 'How long the slowest twentieth took (p95)', credits: 'Credits' };

export function Histogram({ figures, isOld, conditions, mode, onChange }: {
  figures: ExecutionAggregate; isOld: boolean; conditions: Conditions; mode: Mode; onChange: (conditions: Conditions) => void;
}): VNode {
  const { buckets, from, to, series } = useMemo(() => {
    const rows = figures.results.filter((row) => row.bucket_start !== undefined && row.bucket_end !== undefined);
    const all: Bucket[] = rows.map((row) => ({ start: Date.parse(row.bucket_start!), end: Date.parse(row.bucket_end!) }));
    const start = figures.filter.start_time ? Date.parse(String(figures.filter.start_time)) : all[0]?.start ?? Date.now() - 3_600_000;
    const end = figures.filter.end_time ? Date.parse(String(figures.filter.end_time)) : Math.max(Date.now(), all.at(-1)?.start ?? 0);
    const shown: Series[] = mode === 'p95'
      ? [{ title: 'p95', kind: 'line', tone: 'accent', values: rows.map((row) => row.duration_ms.p95) }, { title: 'p50', kind: 'line', tone: 'soft', values: rows.map((row) => row.duration_ms.p50) }]
      : mode === 'credits' ? [{ title: 'credits', kind: 'bar', tone: 'plain', values: rows.map((row) => row.credits_used.total) }]
        : [
          { title: 'failed', kind: 'bar', tone: 'bad', values: rows.map((row) => row.error_count) },
          { title: 'found nothing', kind: 'bar', tone: 'warn', values: rows.map((row) => row.zero_result_count) },
          { title: 'others', kind: 'bar', tone: 'plain', values: rows.map((row) => row.count - row.error_count - row.zero_result_count) },
        ];
    return { buckets: all, from: start, to: Math.max(end, start + 1000), series: shown };
  }, [figures, mode]);
  // Both ends of a range count, so it ends one microsecond before the next bucket begins.
  const brush = (first: Bucket, last: Bucket) => onChange(withRange(conditions,
    new Date(Math.max(first.start, from)).toISOString(), last.end >= to ? conditions.end_time ?? null : new Date(last.end - 1).toISOString().replace('Z', '999Z')));
  return (
    <Chart label={MODE_TITLES[mode]} buckets={buckets} from={from} to={to} series={series} format={mode === 'p95' ? duration : mode === 'credits' ? score : count}
      isPartial={figures.partial === true} isOld={isOld} onBrush={brush} onZoomOut={() => onChange(zoomedOut(conditions, Date.now()))} />);
}
