// The figures of executions: by what they are grouped, how a group leads to its executions, which
// columns there are, and what stands out.
import type { ExecutionAggregate, Figures, FiguresRow } from '../api/schema';
import type { Bucket } from './chart';
import { count, duration, percent, score } from './format';
import { canonical, membersOf, type Conditions, type Key } from './list_filter';
import { instantMs } from './range';

/** What figures are grouped by: one of these, or a label, `label:team`. */
export const GROUPS = {
  shape: 'pipeline', collection: 'collection', stage: 'kind of stage', caller: 'key', status: 'status', failed_stage: 'stage that failed', error: 'kind of error',
} as const;
export type Group = keyof typeof GROUPS;

export const isGroup = (by: string): boolean => Object.hasOwn(GROUPS, by) || /^label:./.test(by);

/** What a row is the figures of; null: of the executions that have nothing there. */
export function memberOf(row: FiguresRow, by: string): string | null {
  const name = by.startsWith('label:') ? 'label' : by === 'collection' ? 'collection_id' : by === 'stage' ? 'stage_id' : by;
  return ((row as Record<string, unknown>)[name] as string | null | undefined) ?? null;
}

// The key of a list and the field of the filter grammar for what is grouped by.
function placeOf(by: string): { key: Key | null; field: string } {
  if (by.startsWith('label:')) return { key: null, field: `labels.${by.slice('label:'.length)}` };
  const key = { collection: 'collection_ids', stage: 'stage_id', error: null }[by] ?? (by === 'error' ? null : by);
  return { key: key as Key | null, field: key ?? by };
}

/**
 * A regular expression for the errors of a kind: the server leaves quoted parts, ids and numbers out
 * of it. It finds all of them, and others only where they say the same but for what is left out.
 */
export function errorPattern(kind: string): string {
  const parts = kind.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replace(/(['"`])…\1/g, '$1.*$1').replace(/…/g, '\\S*').replace(/(^|[^\p{L}\d_])N/gu, '$1(?:N|[0-9][0-9.,eE+-]*)');
  return [...kind].length >= 295 ? `(?s)^${parts.replace(/\\S\*$/, '')}` : `(?s)^${parts}$`;
}

/**
 * The conditions of exactly the executions that a row of figures under `conditions` counts; null where
 * no condition says them: those that ran no stage, which the filter grammar has no word for.
 */
export function conditionsOfRow(conditions: Conditions, by: string, member: string | null): Conditions | null {
  if (by === 'stage' && member === null) return null;
  const { key, field } = placeOf(by);
  if (member !== null && key !== null && conditions[key] === undefined) {
    return canonical({ ...conditions, [key]: key === 'collection_ids' ? [member] : member });
  }
  if (member !== null && by.startsWith('label:') && conditions.labels?.[by.slice('label:'.length)] === undefined) {
    return canonical({ ...conditions, labels: { ...conditions.labels, [by.slice('label:'.length)]: member } });
  }
  const node = member === null ? { field, operator: 'is_null' }
    : by === 'error' ? { field, operator: 'regex', value: errorPattern(member) } : { field, operator: 'eq', value: member };
  return canonical({ ...conditions, filters: { AND: [...membersOf(conditions.filters), node] } });
}

export interface FigureColumn {
  name: string;
  title: string;
  help: string;
  of: (row: Figures) => number | null;
  format: (value: number | null) => string;
  tone: 'plain' | 'bad' | 'warn' | 'accent';
}

const number = (value: number | null): string => (value === null ? '–' : count(value));

/** The columns of tables of figures. */
export const FIGURES: readonly FigureColumn[] = [
  { name: 'count', title: 'Runs', help: 'Executions', of: (row) => row.count, format: number, tone: 'plain' },
  { name: 'error_rate', title: 'Failed', help: 'Share that failed', of: (row) => row.error_rate, format: percent, tone: 'bad' },
  { name: 'zero_result_rate', title: 'Found nothing', help: 'Share of the completed ones that returned nothing', of: (row) => row.zero_result_rate, format: percent, tone: 'warn' },
  { name: 'p50', title: 'p50', help: 'Half of them took at most this long', of: (row) => row.duration_ms.p50, format: duration, tone: 'accent' },
  { name: 'p95', title: 'p95', help: '19 of 20 took at most this long', of: (row) => row.duration_ms.p95, format: duration, tone: 'accent' },
  { name: 'p99', title: 'p99', help: '99 of 100 took at most this long', of: (row) => row.duration_ms.p99, format: duration, tone: 'accent' },
  { name: 'credits', title: 'Credits', help: 'Credits of all of them', of: (row) => row.credits_used.total, format: score, tone: 'plain' },
  { name: 'cache_hit_rate', title: 'Cached', help: 'Share of stages that were answered from the cache', of: (row) => row.cache_hit_rate, format: percent, tone: 'plain' },
];

/** Rows by a column: "count" ascending, "-count" descending; without a value they come last either way. */
export function sortedRows<T extends Figures>(rows: readonly T[], sort: string): T[] {
  const column = FIGURES.find(({ name }) => name === sort.replace(/^-/, '')) ?? FIGURES[0]!;
  const sign = sort.startsWith('-') ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [column.of(a), column.of(b)];
    if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0) || b.count - a.count;
    return sign * (x - y) || b.count - a.count;
  });
}

// ---- over time

export function bucketsOf(rows: readonly FiguresRow[]): Bucket[] {
  return rows.map((row) => ({ start: Date.parse(row.bucket_start ?? ''), end: Date.parse(row.bucket_end ?? '') }));
}

/** What charts show: from where the answer's range begins to where it ends, or now. */
export function rangeOf(answer: ExecutionAggregate, now: number): { from: number; to: number } {
  const buckets = bucketsOf(answer.results);
  const from = instantMs(answer.filter.start_time, now) ?? buckets[0]?.start ?? now - 3_600_000;
  const to = instantMs(answer.filter.end_time, now) ?? Math.max(now, buckets.at(-1)?.start ?? 0);
  return { from, to: Math.max(to, from + 1000) };
}

export const COMPARISONS = { previous: 'the time before', day: 'a day before', week: 'a week before' } as const;
export type Comparison = keyof typeof COMPARISONS;

const DAY = 86_400_000;

/** How many milliseconds earlier the range is that a range is compared with. */
export function shiftOf(comparison: Comparison, range: { from: number; to: number }): number {
  return { previous: range.to - range.from, day: DAY, week: 7 * DAY }[comparison];
}

/** The rows of an earlier range below the buckets that they are compared with; null where there is none. */
export function beside(buckets: readonly Bucket[], earlier: readonly FiguresRow[], shift: number): (FiguresRow | null)[] {
  const starts = bucketsOf(earlier).map(({ start }) => start + shift);
  // Buckets of the two need not begin at the same minute: the nearest is taken, within half of one.
  return buckets.map(({ start, end }) => {
    const at = starts.findIndex((other) => Math.abs(other - start) <= (end - start) / 2);
    return at < 0 ? null : earlier[at]!;
  });
}

/** How a figure changed, in words: "+12 %", "the same"; null where it cannot be said. */
export function changeOf(now: number | null, before: number | null): string | null {
  if (now === null || before === null) return null;
  if (now === before) return 'the same';
  if (before === 0) return 'none before';
  const share = now / before - 1;
  return `${share > 0 ? '+' : '−'}${percent(Math.abs(share))}`;
}

// ---- what stands out

/** The row that has most of something, and its share of all; null where nobody has any. */
export function mostOf<T extends Figures>(rows: readonly T[], of: (row: T) => number): { row: T; value: number; share: number } | null {
  const all = rows.reduce((sum, row) => sum + of(row), 0);
  const row = rows.reduce<T | null>((best, one) => (best === null || of(one) > of(best) ? one : best), null);
  return row === null || all <= 0 ? null : { row, value: of(row), share: of(row) / all };
}
