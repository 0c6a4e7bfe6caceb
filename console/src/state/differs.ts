// What sets a part of the executions apart from the others: shares of values within both.
import { aggregateExecutions } from '../api/executions';
import type { ExecutionAggregate, ExecutionAggregateRequest } from '../api/schema';
import { groupValue } from './complete';
import { canonical, including, merged, type Conditions } from './list_filter';
import { instantMs, withRange } from './range';

export type Part = 'failed' | 'nothing' | 'slow' | 'range';
export const PARTS: Record<Part, { title: string; them: string; others: string }> = {
  failed: { title: 'what failed', them: 'that failed', others: 'others' },
  nothing: { title: 'what found nothing', them: 'that found nothing', others: 'others' },
  slow: { title: 'the slowest twentieth', them: 'of the slowest twentieth', others: 'others' },
  range: { title: 'this range of time', them: 'in this range', others: 'in the one as long before it' },
};

export interface Sides {
  part: Conditions;
  rest: Conditions;
}

const not = (conditions: Conditions, filter: Record<string, unknown>): Conditions => merged(conditions, canonical({ filters: { NOT: filter } }));
const is = (field: string, operator: string, value: unknown) => ({ field, operator, value });

/** The conditions of the part, and of what it is compared with; null where there is no such part. */
export function partOf(part: Part, conditions: Conditions, p95: number | null, now: number): Sides | null {
  switch (part) {
    case 'failed': return { part: including(conditions, 'status', 'failed'), rest: not(conditions, is('status', 'eq', 'failed')) };
    case 'nothing': return {
      part: merged(conditions, { status: 'completed', returned: 'zero' }),
      rest: not(conditions, { AND: [is('status', 'eq', 'completed'), is('total_returned', 'eq', 0)] }) };
    case 'slow': {
      if (p95 === null) return null;
      const least = Math.max(p95, conditions.min_duration_ms ?? 0);
      return { part: including(conditions, 'min_duration_ms', least), rest: not(conditions, is('duration_ms', 'gte', least)) };
    }
    case 'range': {
      const from = instantMs(conditions.start_time, now);
      if (from === null) return null;
      const to = instantMs(conditions.end_time, now) ?? now;
      return { part: conditions, rest: withRange(conditions, new Date(from - (to - from)).toISOString(), new Date(from - 1).toISOString().replace('Z', '999Z')) };
    }
  }
}

export interface Difference {
  dimension: string; // "labels.team", "shape"
  value: string | null; // null: they have none.
  count: number; // Of the part.
  others: number;
  share: number; // Of the part.
  otherShare: number;
}

type Counted = Pick<ExecutionAggregate, 'total' | 'results'>;

/** The values of one dimension with their shares in both, the most different first. */
export function differences(dimension: string, part: Counted, rest: Counted): Difference[] {
  const [all, others] = [part.total.count, rest.total.count];
  if (all === 0 || others === 0) return [];
  const counts = new Map<string | null, [number, number]>();
  for (const row of part.results) counts.set(groupValue(row), [row.count, 0]);
  for (const row of rest.results) counts.set(groupValue(row), [counts.get(groupValue(row))?.[0] ?? 0, row.count]);
  return [...counts].map(([value, [own, other]]) => ({ dimension, value, count: own, others: other, share: own / all, otherShare: other / others }))
    .sort((a, b) => Math.abs(b.share - b.otherShare) - Math.abs(a.share - a.otherShare) || b.count - a.count);
}

export interface Dimension {
  name: string;
  group: NonNullable<ExecutionAggregateRequest['group_by']>;
}

export const DIMENSIONS: Dimension[] = [
  { name: 'shape', group: 'shape' }, { name: 'stage_id', group: 'stage' }, { name: 'collection_ids', group: 'collection' }, { name: 'caller', group: 'caller' },
  { name: 'failed_stage', group: 'failed_stage' }, { name: 'error_kind', group: 'error' }, { name: 'status', group: 'status' },
];

/** Asks for all dimensions, two calls at a time, and hands on each as it comes. */
export async function compare(
  sides: Sides, dimensions: readonly Dimension[], signal: AbortSignal,
  onPart: (found: Difference[], answer: { part: ExecutionAggregate; rest: ExecutionAggregate }) => void,
): Promise<void> {
  for (const { name, group } of dimensions) {
    const ask = (of: Conditions) => aggregateExecutions({ ...of, group_by: group, bucket: 'none', budget_ms: 500 }, signal);
    const [part, rest] = await Promise.all([ask(sides.part), ask(sides.rest)]);
    if (signal.aborted) return;
    onPart(differences(name, part, rest), { part, rest });
  }
}
