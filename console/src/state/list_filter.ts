// The conditions of a list of executions: the body that the server takes, the parameters of the page's
// address, and the tokens that a person sees. What a person writes is list_written.ts. Each form leads
// to the others without loss, which the tests prove for any body.
import type { ExecutionSelection } from '../api/schema';

export type Key = keyof ExecutionSelection;
/** A body without nulls, its lists written as lists. */
export type Conditions = { [K in Key]?: NonNullable<ExecutionSelection[K]> };
export type Json = Record<string, unknown>;
type Kind = 'word' | 'words' | 'text' | 'number' | 'instant' | 'rate' | 'labels' | 'filters' | 'document';

// A key that the server learns does not compile until it stands here.
export const KINDS: Record<Key, Kind> = {
  query: 'text', start_time: 'instant', end_time: 'instant',
  status: 'word', statuses: 'words', returned: 'word', returned_document: 'document', error: 'text', error_kind: 'word', failed_stage: 'word',
  min_duration_ms: 'number', max_duration_ms: 'number', min_credits: 'number', max_credits: 'number', cache_hit_rate: 'rate',
  collection_ids: 'words', stage_id: 'word', labels: 'labels', caller: 'word', modes: 'words',
  fingerprint: 'word', shape: 'word', inputs_hash: 'word', request_id: 'word', execution_ids: 'words',
  parent_execution_id: 'word', retriever_id: 'word', filters: 'filters',
};
export const KEYS = Object.keys(KINDS) as Key[];

// What people write for a key whose own name is long.
export const SHORT: Partial<Record<Key, string>> = {
  collection_ids: 'collection', execution_ids: 'id', stage_id: 'stage', modes: 'mode', start_time: 'since', end_time: 'until', request_id: 'request', returned_document: 'document',
};
export const RANGES: Record<string, { min: Key; max: Key }> = {
  took: { min: 'min_duration_ms', max: 'max_duration_ms' },
  credits: { min: 'min_credits', max: 'max_credits' },
};
export const RANGE_OF = new Map<Key, { name: string; sign: string }>(Object.entries(RANGES).flatMap(([name, { min, max }]) =>
  [[min, { name, sign: '>=' }], [max, { name, sign: '<=' }]] as [Key, { name: string; sign: string }][]));

export const isKey = (name: string): name is Key => Object.hasOwn(KINDS, name);
export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
// ---- filters: a list of members that all hold

/** The members of a filter that all have to hold. */
export function membersOf(filters: unknown): Json[] {
  if (!isObject(filters)) return [];
  const names = Object.keys(filters);
  if (names.length === 1 && names[0] === 'AND' && Array.isArray(filters.AND)) return filters.AND.flatMap(membersOf);
  return names.length === 0 ? [] : [filters];
}

export function filterOf(members: Json[]): Json | undefined {
  return members.length > 1 ? { AND: members } : members[0];
}

export interface Simple {
  field: string;
  operator: string;
  value: string | number | boolean;
  isNot: boolean;
}

// A member that can be written shortly.
export function simpleOf(member: Json): Simple | null {
  const names = Object.keys(member);
  if (names.length === 1 && names[0] === 'NOT' && isObject(member.NOT)) {
    const inner = simpleOf(member.NOT);
    return inner && !inner.isNot ? { ...inner, isNot: true } : null;
  }
  const { field, operator = 'eq', value } = member as { field?: unknown; operator?: unknown; value?: unknown };
  if (typeof field !== 'string' || typeof operator !== 'string' || names.some((name) => !['field', 'operator', 'value'].includes(name))) return null;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return null;
  return { field, operator, value, isNot: false };
}

// ---- body

/** A body as this page keeps it: nothing null or empty, lists as lists, filters as a flat list of members. */
export function canonical(body: Record<string, unknown>): Conditions {
  const out: Json = {};
  for (const key of KEYS) {
    const value = body[key];
    if (value === null || value === undefined || value === '') continue;
    switch (KINDS[key]) {
      case 'words': {
        const list = (Array.isArray(value) ? value : [value]).map(String).filter((one) => one !== '');
        if (list.length > 0) out[key] = list;
        break;
      }
      case 'labels': {
        if (isObject(value) && Object.keys(value).length > 0) out[key] = { ...value };
        break;
      }
      case 'filters': {
        const filter = filterOf(membersOf(value));
        if (filter) out[key] = filter;
        break;
      }
      case 'document': {
        // An id that looks like JSON is told from JSON by being said in full.
        if (isObject(value)) out[key] = typeof value.collection_id === 'string' ? value : { document_id: value.document_id };
        else out[key] = String(value).startsWith('{') ? { document_id: String(value) } : value;
        break;
      }
      case 'rate': {
        if (!isObject(value)) out[key] = value;
        else {
          const range = Object.fromEntries(Object.entries(value).filter(([, one]) => typeof one === 'number'));
          if (Object.keys(range).length > 0) out[key] = range;
        }
        break;
      }
      default: out[key] = value;
    }
  }
  return out as Conditions;
}

// ---- the address

export const numberOf = (text: string): number | null => (/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null);
export const instantOf = (text: string): string | number => (/^-?\d{5,}(\.\d+)?$/.test(text) ? Number(text) : text);

export function rateOf(text: string): number | Json | null {
  const [, low = '', high = ''] = /^(.*)\.\.(.*)$/.exec(text) ?? [];
  if (low === '' && high === '') return numberOf(text);
  const min = low === '' ? undefined : numberOf(low);
  const max = high === '' ? undefined : numberOf(high);
  if (min === null || max === null) return null;
  return { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
}

export function rateText(rate: unknown): string {
  if (!isObject(rate)) return String(rate);
  return `${rate.min ?? ''}..${rate.max ?? ''}`;
}

/** The parameters of the page's address that say these conditions. */
export function paramsOf(conditions: Conditions): URLSearchParams {
  const params = new URLSearchParams();
  for (const key of KEYS) {
    const value = conditions[key] as unknown;
    if (value === undefined) continue;
    switch (KINDS[key]) {
      case 'words': for (const one of value as string[]) params.append(key, one); break;
      case 'labels': for (const [name, one] of Object.entries(value as Json)) params.append(`labels.${name}`, String(one)); break;
      case 'filters': params.set(key, JSON.stringify(value)); break;
      case 'document': params.set(key, isObject(value) ? JSON.stringify(value) : String(value)); break;
      case 'rate': params.set(key, rateText(value)); break;
      default: params.set(key, String(value));
    }
  }
  return params;
}

/** The conditions that an address says, and what of it was not understood. */
export function conditionsOf(params: URLSearchParams): { conditions: Conditions; ignored: string[] } {
  const body: Json = {};
  const ignored: string[] = [];
  for (const [name, text] of params) {
    if (text === '') continue;
    if (name.startsWith('labels.') && name.length > 7) {
      body.labels = { ...(body.labels as Json | undefined), [name.slice(7)]: text };
    } else if (isKey(name)) {
      const value = valueOf(name, text);
      if (value === null) ignored.push(`${name}=${text} was left out: it is no ${KINDS[name] === 'filters' || KINDS[name] === 'document' ? 'JSON object' : 'number'}.`);
      else if (KINDS[name] === 'words') body[name] = [...((body[name] as string[] | undefined) ?? []), text];
      else if (name in body) ignored.push(`${name} was there twice; ${String(body[name])} holds.`);
      else body[name] = value;
    }
  }
  return { conditions: canonical(body), ignored };
}

function objectOf(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function valueOf(key: Key, text: string): unknown {
  switch (KINDS[key]) {
    case 'number': return numberOf(text);
    case 'rate': return rateOf(text);
    case 'instant': return instantOf(text);
    case 'document': return text.startsWith('{') ? objectOf(text) : text;
    case 'filters': case 'labels': return objectOf(text);
    default: return text;
  }
}

// ---- tokens

export interface Token {
  id: string; // "status", "labels.team", "filters.0"
  key: Key;
  label: string; // For people.
}

/** Each condition by itself, in a fixed order. */
export function tokensOf(conditions: Conditions): Token[] {
  const tokens: Token[] = [];
  for (const key of KEYS) {
    const value = conditions[key] as unknown;
    if (value === undefined) continue;
    if (KINDS[key] === 'labels') {
      for (const [name, one] of Object.entries(value as Json)) {
        tokens.push({ id: `labels.${name}`, key, label: `${name} = ${String(one)}` });
      }
    } else if (KINDS[key] === 'filters') {
      membersOf(value).forEach((member, i) => tokens.push({ id: `filters.${i}`, key, label: memberLabel(member) }));
    } else {
      tokens.push({ id: key, key, label: labelOf(key, value) });
    }
  }
  return tokens;
}

/** The conditions without one of them. */
export function withoutToken(conditions: Conditions, id: string): Conditions {
  const body: Json = { ...conditions };
  if (id.startsWith('labels.')) {
    const { [id.slice(7)]: _, ...rest } = conditions.labels as Json;
    body.labels = rest;
  } else if (id.startsWith('filters.')) {
    body.filters = filterOf(membersOf(conditions.filters).filter((_, i) => `filters.${i}` !== id));
  } else {
    delete body[id];
  }
  return canonical(body);
}

/** The token that a place in the body belongs to, as the server names places: "filters.AND[1].value". */
export function tokenAt(conditions: Conditions, location: string): string | null {
  const key = /^\w+/.exec(location)?.[0] ?? '';
  if (!isKey(key) || conditions[key] === undefined) return null;
  if (key === 'labels') {
    const name = location.slice(7);
    return Object.hasOwn(conditions.labels as Json, name) ? location : `labels.${Object.keys(conditions.labels as Json)[0]}`;
  }
  if (key === 'filters') return `filters.${/^filters\.AND\[(\d+)\]/.exec(location)?.[1] ?? 0}`;
  return key;
}

function shortened(text: string): string {
  return /^[0-9a-f]{20,}$/.test(text) ? `${text.slice(0, 10)}…` : text.length > 60 ? `${text.slice(0, 58)}…` : text;
}

const LABELS: Partial<Record<Key, string>> = { ...SHORT, statuses: 'status', failed_stage: 'failed in', error: 'error', error_kind: 'failed like', caller: 'key' };

function amountLabel(key: Key, value: number): string {
  if (!key.endsWith('duration_ms')) return String(value);
  return value >= 1000 ? `${value / 1000} s` : `${value} ms`;
}

function labelOf(key: Key, value: unknown): string {
  const range = RANGE_OF.get(key);
  if (range) return `${range.name} ${range.sign === '>=' ? '≥' : '≤'} ${amountLabel(key, value as number)}`;
  if (key === 'returned') return value === 'zero' ? 'found nothing' : value === 'nonzero' ? 'found something' : `returned: ${String(value)}`;
  if (KINDS[key] === 'document') {
    if (!isObject(value)) return `returned ${shortened(String(value))}`;
    return `returned ${shortened(String(value.document_id))}${value.collection_id === undefined ? '' : ` of ${shortened(String(value.collection_id))}`}`;
  }
  if (key === 'cache_hit_rate') {
    if (!isObject(value)) return `cache = ${String(value)}`;
    return value.max === undefined ? `cache ≥ ${value.min}` : value.min === undefined ? `cache ≤ ${value.max}` : `cache ${value.min} to ${value.max}`;
  }
  const name = LABELS[key] ?? key.replaceAll('_', ' ');
  if (!Array.isArray(value)) return `${name}: ${shortened(String(value))}`;
  const more = value.length > 3 ? ` and ${value.length - 3} more` : '';
  return `${name}: ${value.slice(0, 3).map((one) => shortened(String(one))).join(' or ')}${more}`;
}

const OPERATOR_LABEL: Record<string, string> = {
  eq: '=', ne: '≠', gt: '>', gte: '≥', lt: '<', lte: '≤', contains: 'contains', starts_with: 'starts with', ends_with: 'ends with', text: 'has the words', regex: 'matches',
};

function memberLabel(member: Json): string {
  const simple = simpleOf(member);
  const sign = simple ? OPERATOR_LABEL[simple.operator] : undefined;
  if (!simple || !sign) return shortened(JSON.stringify(member));
  const { field, operator, value, isNot } = simple;
  if (isNot) return operator === 'eq' ? `${field} ≠ ${shortened(String(value))}` : `not ${field} ${sign} ${shortened(String(value))}`;
  return `${field} ${sign} ${shortened(String(value))}`;
}

// ---- the query, whose words stand in the field as they are

/** Words and phrases, as the server divides a text. */
export function piecesOf(text: string): string[] {
  return [...text.matchAll(/"[^"]*"?|[^\s"]+/g)].map(([piece]) => (piece.startsWith('"') && (piece.length === 1 || !piece.endsWith('"')) ? `${piece}"` : piece));
}

// A word that the reader of the written form would take for a token.
const looksLikeToken = (piece: string): boolean => /^-?[A-Za-z_][\w.-]*(:|=)/.test(piece);

/** The query as it stands in the field one filters with. */
export function queryText(query: string | undefined): string {
  if (query === undefined) return '';
  const pieces = piecesOf(query);
  return pieces.join(' ') !== query || pieces.some(looksLikeToken) ? `query:=${JSON.stringify(query)}` : query;
}

// ---- changes

/** `typed` put over `base`: its keys replace, its labels and filters join. Where the query is edited, `typed` has all of it. */
export function merged(base: Conditions, typed: Conditions): Conditions {
  const body: Json = { ...base, ...typed };
  if (base.labels || typed.labels) body.labels = { ...base.labels, ...typed.labels };
  const before = membersOf(base.filters);
  const known = new Set(before.map((one) => JSON.stringify(one)));
  body.filters = filterOf([...before, ...membersOf(typed.filters).filter((one) => !known.has(JSON.stringify(one)))]);
  // One says which status is meant in one way.
  if (typed.status !== undefined) delete body.statuses;
  if (typed.statuses !== undefined) delete body.status;
  return canonical(body);
}

/** These conditions and one more. */
export function including(base: Conditions, key: Key, value: unknown): Conditions {
  return merged(base, canonical({ [key]: value }));
}

/** These conditions without what has this value. `field` is one of the filter grammar. */
export function excluding(base: Conditions, field: string, value: string | number): Conditions {
  return merged(base, { filters: { NOT: { field, operator: 'eq', value } } as NonNullable<Conditions['filters']> });
}

export const RANGE_KEYS: Key[] = ['start_time', 'end_time'];

/** The parameters of a list's address: as `paramsOf`, and an open range is said too, so that no default takes its place. */
export function listParams(conditions: Conditions): URLSearchParams {
  const params = paramsOf(conditions);
  if (!params.has('start_time') && !params.has('end_time')) params.set('start_time', '');
  return params;
}
