// The figures over time. A stretch that is chosen in one becomes the range of all.
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { ExecutionAggregate, FiguresRow } from '../../api/schema';
import { Chart, type Series } from '../../parts/chart';
import type { Bucket } from '../../state/chart';
import { csvOf } from '../../state/csv';
import { beside, bucketsOf, FIGURES } from '../../state/figures';
import { count, duration, percent, score } from '../../state/format';
import { listParams, type Conditions } from '../../state/list_filter';
import { withRange } from '../../state/range';
import { go, href, route } from '../../state/route';
import { saveFile } from '../../state/save';
import type { Answer } from '../stats';

type Of = (row: FiguresRow) => number | null;

interface Plan {
  title: string;
  format: (value: number) => string;
  series: [title: string, kind: 'bar' | 'line', tone: Series['tone'], of: Of][];
  before: [title: string, tone: Series['tone'], of: Of][]; // What a comparison draws, dashed.
}

const CHARTS: Plan[] = [
  { title: 'Executions by outcome', format: count,
    series: [
      ['failed', 'bar', 'bad', (row) => row.error_count],
      ['found nothing', 'bar', 'warn', (row) => row.zero_result_count],
      ['others', 'bar', 'plain', (row) => row.count - row.error_count - row.zero_result_count],
    ],
    before: [['all before', 'soft', (row) => row.count]] },
  { title: 'How long they took', format: duration,
    series: [
      ['p50', 'line', 'plain', (row) => row.duration_ms.p50], ['p95', 'line', 'accent', (row) => row.duration_ms.p95],
      ['p99', 'line', 'soft', (row) => row.duration_ms.p99],
    ],
    before: [['p95 before', 'accent', (row) => row.duration_ms.p95]] },
  { title: 'Share that failed or found nothing', format: percent,
    series: [['failed', 'line', 'bad', (row) => row.error_rate], ['found nothing', 'line', 'warn', (row) => row.zero_result_rate]],
    before: [['failed before', 'bad', (row) => row.error_rate], ['found nothing before', 'warn', (row) => row.zero_result_rate]] },
  { title: 'Credits', format: score,
    series: [['credits', 'bar', 'plain', (row) => row.credits_used.total]],
    before: [['credits before', 'soft', (row) => row.credits_used.total]] },
  { title: 'Share of stages from the cache', format: percent,
    series: [['from the cache', 'line', 'accent', (row) => row.cache_hit_rate]],
    before: [['before', 'accent', (row) => row.cache_hit_rate]] },
];

export function Charts({ answer, before, conditions, onConditions }: {
  answer: Answer; before: { figures: ExecutionAggregate; shift: number } | null; conditions: Conditions; onConditions: (conditions: Conditions) => void;
}): VNode {
  const { figures, range } = answer;
  const rows = figures.results;
  const buckets = useMemo(() => bucketsOf(rows), [rows]);
  const earlier = useMemo(() => (before ? beside(buckets, before.figures.results, before.shift) : null), [buckets, before]);
  // Both ends of a range count, so it ends one microsecond before the next bucket begins.
  const stretch = (first: Bucket, last: Bucket) => withRange(conditions, new Date(Math.max(first.start, range.from)).toISOString(),
    last.end >= range.to ? conditions.end_time ?? null : new Date(last.end - 1).toISOString().replace('Z', '999Z'));
  const save = () => saveFile('trawl-figures-over-time.csv', csvOf(
    ['from', 'to', ...FIGURES.map(({ name }) => name), 'failed_count', 'zero_result_count'],
    rows.map((row) => [row.bucket_start ?? null, row.bucket_end ?? null, ...FIGURES.map(({ of }) => of(row)), row.error_count, row.zero_result_count])), 'text/csv');
  return (
    <section aria-label="Over time">
      <div class="line">
        <h2>Over time</h2>
        <span class="soft">drag to zoom, click for the executions{before && '; dashed: the time it is compared with'}</span>
        <span class="spring" />
        <button type="button" class="quiet" onClick={save}>CSV</button>
      </div>
      <div class="charts">
        {CHARTS.map(({ title, format, series, before: earlierSeries }) => (
          <figure key={title}>
            <figcaption>{title}</figcaption>
            <Chart label={title} buckets={buckets} from={range.from} to={range.to} format={format} height={130} isPartial={figures.partial === true}
              series={[
                ...series.map(([name, kind, tone, of]): Series => ({ title: name, kind, tone, values: rows.map(of) })),
                ...(earlier === null ? [] : earlierSeries.map(([name, tone, of]): Series => (
                  { title: name, kind: 'line', tone, isDashed: true, values: earlier.map((row) => (row ? of(row) : null)) }))),
              ]}
              onBrush={(first, last) => onConditions(stretch(first, last))}
              onPick={(bucket) => go(href(route.value.namespace, 'executions', [], listParams(stretch(bucket, bucket))))} />
          </figure>))}
      </div>
    </section>);
}
