// Conditions on fields, and the filter grammar of the API that they stand for.
//
// A filter that is a plain list of conditions, all of which must hold, is shown as tokens; any other
// is shown as a whole, and edited as JSON.

export interface Condition {
  field: string;
  operator: Operator;
  value: unknown; // Absent for exists and is_null.
  not: boolean;
}

export const OPERATORS = {
  eq: 'is', ne: 'is not', gt: '>', gte: '≥', lt: '<', lte: '≤', contains: 'contains', starts_with: 'begins with', ends_with: 'ends with',
  text: 'has the words', regex: 'matches', in: 'is one of', nin: 'is none of', exists: 'exists', is_null: 'is null',
} as const;
export type Operator = keyof typeof OPERATORS;

const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object' && !Array.isArray(value);
export const takesValue = (operator: Operator): boolean => operator !== 'exists' && operator !== 'is_null';

function conditionOf(node: unknown, not = false): Condition | null {
  if (!isObject(node)) return null;
  const keys = Object.keys(node);
  if (keys.length === 1 && keys[0] === 'NOT' && !not) {
    const inner = Array.isArray(node.NOT) && node.NOT.length === 1 ? node.NOT[0] : node.NOT;
    return conditionOf(inner, true);
  }
  if (typeof node.field !== 'string' || keys.some((one) => !['field', 'operator', 'value'].includes(one))) return null;
  const operator = (node.operator ?? 'eq') as string;
  if (!Object.hasOwn(OPERATORS, operator)) return null;
  return { field: node.field, operator: operator as Operator, value: node.value, not };
}

/** The conditions of a filter; null where it is more than a list of conditions. */
export function conditionsOf(filter: unknown): Condition[] | null {
  if (filter === null || filter === undefined) return [];
  if (!isObject(filter)) return null;
  if (Object.keys(filter).length === 0) return [];
  const nodes = Array.isArray(filter.AND) && Object.keys(filter).length === 1 ? filter.AND : [filter];
  const found = nodes.map((node) => conditionOf(node));
  return found.every((one) => one !== null) ? (found as Condition[]) : null;
}

function nodeOf({ field, operator, value, not }: Condition): Record<string, unknown> {
  const node = takesValue(operator) ? { field, operator, value } : value === undefined ? { field, operator } : { field, operator, value };
  return not ? { NOT: [node] } : node;
}

/** The filter that these conditions are; null where there are none. */
export function filterOf(conditions: readonly Condition[]): Record<string, unknown> | null {
  if (conditions.length === 0) return null;
  return conditions.length === 1 ? nodeOf(conditions[0]!) : { AND: conditions.map(nodeOf) };
}

/** A filter and one condition more. */
export function withCondition(filter: unknown, condition: Condition): Record<string, unknown> {
  const present = conditionsOf(filter);
  if (present === null) return { AND: [filter, nodeOf(condition)] };
  const same = (one: Condition) => JSON.stringify(nodeOf(one)) === JSON.stringify(nodeOf(condition));
  const others = present.filter((one) => !same(one) && JSON.stringify(nodeOf({ ...one, not: !one.not })) !== JSON.stringify(nodeOf(condition)));
  return filterOf([...others, condition])!;
}

/** A condition in words. */
export function written({ field, operator, value, not }: Condition): string {
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  const text = takesValue(operator) ? `${field} ${OPERATORS[operator]} ${shown === '' ? '""' : shown}` : `${field} ${OPERATORS[operator]}`;
  return not ? `not: ${text}` : text;
}

/**
 * The value that somebody typed for a field: numbers, true, false and null are these, unless the
 * field holds text; what stands in double quotes is text in any case; lists are split at commas.
 */
export function valueOf(typed: string, operator: Operator, type: string | undefined): unknown {
  if (operator === 'in' || operator === 'nin') return typed.split(',').map((one) => one.trim()).filter(Boolean).map((one) => valueOf(one, 'eq', type));
  const text = typed.trim();
  if (operator === 'starts_with' || operator === 'ends_with' || operator === 'regex' || operator === 'text') return text;
  if (/^".*"$/s.test(text)) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }
  if (type === 'text') return text;
  if (/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text === 'null' ? null : text;
}
