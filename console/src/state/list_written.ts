// The conditions of a list as a person writes them: status:failed took:>=500ms "night ferry" team=search.
// Whatever conditions there are can be written, and are read back as they were: where there is no short
// form, as KEY:=JSON. It is loaded when one begins to type.
import { FILTER_FIELDS } from '../api/schema';
import {
  canonical, filterOf, instantOf, isKey, isObject, KINDS, membersOf, merged, numberOf, piecesOf, queryText, RANGE_OF, RANGES, rateOf, rateText, SHORT, simpleOf, tokensOf, withoutToken,
  type Conditions, type Json, type Key, type Simple,
} from './list_filter';

const LONG = new Map<string, Key>(Object.entries(SHORT).map(([key, short]) => [short, key as Key]));
/** Keys that a person completes, as they are written. */
export const WRITTEN_KEYS = [
  'status', 'took', 'found', 'error', 'error_kind', 'failed_stage', 'document', 'collection', 'stage', 'credits', 'cache', 'caller', 'mode', 'shape', 'fingerprint',
  'inputs_hash', 'request', 'id', 'parent_execution_id', 'retriever_id', 'since', 'until',
];
const fieldKind = (name: string): string | undefined =>
  name.startsWith('labels.') || name.startsWith('inputs.') ? 'text' : FILTER_FIELDS.find((field) => field.name === name)?.kind;
const isNumberKind = (kind: string | undefined) => kind === 'amount' || kind === 'count' || kind === 'rate';

const SIGN_OF: Record<string, string> = { gt: '>', gte: '>=', lt: '<', lte: '<=' };
const OPERATOR_OF: Record<string, string> = { '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte', '≥': 'gte', '≤': 'lte' };

// What needs no quotes.
const isPlainValue = (text: string) => /^[^\s",:=<>≥≤-][^\s",]*$/.test(text) && !text.includes('..');
export const quotedValue = (text: string): string => (isPlainValue(text) ? text : JSON.stringify(text));
const exactly = (key: string, value: unknown): string => `${key}:=${JSON.stringify(value)}`;

function writtenOf(key: Key, value: unknown): string {
  const name = SHORT[key] ?? key;
  const range = RANGE_OF.get(key);
  if (range && typeof value === 'number') {
    const unit = key.endsWith('duration_ms') ? 'ms' : '';
    return /e/.test(String(value)) ? exactly(key, value) : `${range.name}:${range.sign}${value}${unit}`;
  }
  switch (KINDS[key]) {
    case 'text': {
      const text = value as string;
      if (key === 'query') return queryText(text);
      const pieces = piecesOf(text);
      if (pieces.join(' ') !== text) return exactly(key, text);
      return pieces.every((piece) => piece.startsWith('"') || !/^=/.test(piece)) ? pieces.map((piece) => `${name}:${piece}`).join(' ') : exactly(key, text);
    }
    case 'words': {
      const words = value as string[];
      return `${name}:${words.map(quotedValue).join(',')}`;
    }
    case 'rate': {
      const text = rateText(value);
      if (/e/.test(text)) return exactly(key, value);
      return `cache:${!isObject(value) ? text : value.max === undefined ? `>=${value.min}` : value.min === undefined ? `<=${value.max}` : text}`;
    }
    case 'document': return isObject(value) ? exactly(key, value) : `${name}:${quotedValue(String(value))}`;
    case 'instant': return typeof value === 'number' ? exactly(key, value) : /^[^\s",=]+$/.test(String(value)) ? `${name}:${value}` : exactly(key, value);
    default:
      if (key === 'returned' && value === 'zero') return 'found:0';
      if (key === 'returned' && value === 'nonzero') return 'found:>0';
      return `${name}:${quotedValue(String(value))}`;
  }
}

function memberWritten(member: Json): string {
  const simple = simpleOf(member);
  const written = simple && simpleWritten(simple);
  // What reads otherwise than it was is written in full.
  if (written) {
    const back = parseWritten(written);
    if (back.problems.length === 0 && JSON.stringify(back.conditions) === JSON.stringify({ filters: member })) return written;
  }
  return exactly('filters', member);
}

function simpleWritten({ field, operator, value, isNot }: Simple): string | null {
  if (!/^[A-Za-z_][\w.]*$/.test(field) || fieldKind(field) === undefined) return null;
  const text = typeof value === 'string' ? quotedValue(value) : String(value);
  const sign = operator === 'eq' ? '' : SIGN_OF[operator];
  return sign === undefined ? null : `${isNot ? '-' : ''}${field}:${sign}${text}`;
}

/** One condition as one writes it, by its token's id. */
export function writtenToken(conditions: Conditions, id: string): string {
  if (id.startsWith('labels.')) {
    const name = id.slice(7);
    const value = (conditions.labels as Json)[name];
    const isPlain = /^[A-Za-z_][\w.-]*$/.test(name) && !name.startsWith('labels.');
    return isPlain ? `${name}=${quotedValue(String(value))}` : exactly('labels', { [name]: value });
  }
  if (id.startsWith('filters.')) return memberWritten(membersOf(conditions.filters)[Number(id.slice(8))]!);
  return writtenOf(id as Key, conditions[id as Key]);
}

/** All conditions as one writes them. */
export function written(conditions: Conditions): string {
  return tokensOf(conditions).map(({ id }) => writtenToken(conditions, id)).join(' ');
}

/** `conditions` with what was written put over them: it has all words of the query. `edited` is the token that it takes the place of. */
export function applied(conditions: Conditions, text: string, edited: string | null): { conditions: Conditions; problems: Problem[] } {
  const { conditions: typed, problems } = parseWritten(text);
  const { query: _, ...others } = edited === null ? conditions : withoutToken(conditions, edited);
  return { conditions: merged(others as Conditions, typed), problems };
}

export interface Problem {
  text: string;
  message: string;
}

/** Reads what was written. Never throws: what is no condition is a word of the query, or a problem. */
export function parseWritten(text: string): { conditions: Conditions; problems: Problem[] } {
  const body: Json = {};
  const problems: Problem[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      ++at;
      continue;
    }
    const match = /^(-?)([A-Za-z_][\w.-]*)(:=|:|=)/.exec(text.slice(at));
    const [head = '', minus = '', name = '', sign = ''] = match ?? [];
    const isLabel = sign === '=' && minus === '';
    const isKnown = sign !== '' && (isLabel || isKey(name) || LONG.has(name) || name in RANGES || name === 'found' || name === 'cache' || fieldKind(name) !== undefined);
    if (!isKnown) {
      // A word or a phrase of the query.
      const end = text[at] === '"' ? closing(text, at) : wordEnd(text, at);
      addText(body, 'query', text.slice(at, end));
      at = end;
      continue;
    }
    const begin = at + head.length;
    const end = sign === ':=' ? jsonEnd(text, begin) : valueEnd(text, begin);
    const value = text.slice(begin, end);
    const problem = apply(body, { minus: minus !== '', name, sign, value });
    if (problem) problems.push({ text: text.slice(at, end), message: problem });
    at = Math.max(end, begin);
  }
  return { conditions: canonical(body), problems };
}

function addText(body: Json, key: Key, piece: string): void {
  const text = piecesOf(piece).join(' ');
  if (text) body[key] = body[key] === undefined ? text : `${String(body[key])} ${text}`;
}

function wordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/[\s"]/.test(text[at]!)) ++at;
  return Math.max(at, from + 1);
}

// One past the quote that closes the one at `from`; in values \" does not close.
function closing(text: string, from: number, escapes = false): number {
  for (let at = from + 1; at < text.length; ++at) {
    if (escapes && text[at] === '\\') ++at;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function valueEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/\s/.test(text[at]!)) at = text[at] === '"' ? closing(text, at, true) : at + 1;
  return at;
}

function jsonEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; ++at) {
    const letter = text[at]!;
    if (letter === '"') {
      at = closing(text, at, true) - 1;
      if (depth === 0) return at + 1;
    } else if (letter === '{' || letter === '[') ++depth;
    else if (letter === '}' || letter === ']') {
      if (--depth <= 0) return at + 1;
    } else if (depth === 0 && /\s/.test(letter)) return at;
  }
  return text.length;
}

// The texts between commas, quotes taken off. Null where a quote is not closed.
function listOf(value: string): string[] | null {
  const out: string[] = [];
  let at = 0;
  while (at <= value.length) {
    if (value[at] === '"') {
      const end = closing(value, at, true);
      try {
        out.push(JSON.parse(value.slice(at, end)) as string);
      } catch {
        return null;
      }
      if (end < value.length && value[end] !== ',') return null;
      at = end + 1;
    } else {
      const comma = value.indexOf(',', at);
      const end = comma < 0 ? value.length : comma;
      if (value.slice(at, end).includes('"')) return null;
      out.push(value.slice(at, end));
      at = end + 1;
    }
  }
  return out;
}

function durationOf(text: string): number | null {
  const [, amount = '', unit = ''] = /^(.*?)(ms|s|m|min|µs|us)?$/.exec(text) ?? [];
  const value = numberOf(amount);
  if (value === null) return null;
  const factor = { s: 1000, m: 60_000, min: 60_000, 'µs': 0.001, us: 0.001 }[unit];
  return factor === undefined ? value : Math.round(value * factor * 1e6) / 1e6;
}

interface Written {
  minus: boolean;
  name: string;
  sign: string;
  value: string;
}

// Puts one token into the body; says what is wrong with it.
function apply(body: Json, { minus, name, sign, value }: Written): string | null {
  if (value === '') return `A value is missing after ${name}${sign}`;
  const key = isKey(name) ? name : LONG.get(name);
  if (sign === ':=' && !minus) {
    let exact: unknown;
    try {
      exact = JSON.parse(value);
    } catch {
      return `What follows := has to be JSON, such as "text", 5 or ["a","b"]`;
    }
    if (!key) return `There is no condition “${name}”`;
    if (key === 'filters') {
      if (!isObject(exact)) return 'A filter is an object, such as {"field": "client", "operator": "starts_with", "value": "curl"}';
      body.filters = filterOf([...membersOf(body.filters), ...membersOf(exact)]);
    } else if (key === 'labels') body.labels = { ...(body.labels as Json | undefined), ...(exact as Json) };
    else body[key] = exact;
    return null;
  }
  const list = listOf(value);
  if (sign === '=' && !minus) {
    const label = list?.length === 1 ? list[0]! : value;
    body.labels = { ...(body.labels as Json | undefined), [name.replace(/^labels\./, '')]: label };
    return null;
  }
  if (!minus) {
    if (name in RANGES) return applyRange(body, name, value);
    if (name === 'found') return applyFound(body, value);
    if (name === 'cache' || key === 'cache_hit_rate') return applyCache(body, value);
    if (key && KINDS[key] === 'text') {
      addText(body, key, value);
      return null;
    }
  }
  if (!list) return 'A quote is not closed';
  const first = list[0]!;
  const field = { took: 'duration_ms', credits: 'credits_used', found: 'total_returned', cache: 'cache_hit_rate' }[name] ?? (fieldKind(name) ? name : key ?? name);
  if (minus || !key) {
    if (fieldKind(field) === undefined) return `“${name}” cannot be excluded; write the filter as filters:={…}`;
    return applyField(body, field, value, list, minus);
  }
  switch (KINDS[key]) {
    case 'number': {
      const number = numberOf(first);
      if (number === null) return `${first} is no number`;
      body[key] = number;
      return null;
    }
    case 'instant': body[key] = instantOf(first); return null;
    case 'filters': case 'labels': return `Write it as ${key}:={…}`;
    case 'words': body[key] = [...((body[key] as string[] | undefined) ?? []), ...list]; return null;
    default:
  }
  if (key === 'status' && (list.length > 1 || body.status !== undefined || body.statuses !== undefined)) {
    const before = body.status === undefined ? [] : [body.status as string];
    body.statuses = [...((body.statuses as string[] | undefined) ?? []), ...before, ...list];
    delete body.status;
    return null;
  }
  if (list.length > 1) return `${name} takes one value; a comma within it needs quotes`;
  if (body[key] !== undefined && body[key] !== first) return `${name} is there twice`;
  body[key] = first;
  return null;
}

const COMPARED = /^(>=|<=|>|<|≥|≤)(.*)$/;

function applyRange(body: Json, name: string, value: string): string | null {
  const { min, max } = RANGES[name]!;
  const read = name === 'took' ? durationOf : numberOf;
  const help = name === 'took' ? 'took:>=500ms, took:<=2s or took:100ms..2s' : `${name}:>=1 or ${name}:1..2`;
  const [, sign, rest = ''] = COMPARED.exec(value) ?? [];
  const [, low = '', high = ''] = sign ? (/[>≥]/.test(sign) ? ['', rest, ''] : ['', '', rest]) : /^(.*)\.\.(.*)$/.exec(value) ?? ['', value, value];
  const from = low === '' ? undefined : read(low);
  const to = high === '' ? undefined : read(high);
  if (from === null || to === null || (from === undefined && to === undefined)) return `Write it as ${help}`;
  if (from !== undefined) body[min] = from;
  if (to !== undefined) body[max] = to;
  return null;
}

function applyFound(body: Json, value: string): string | null {
  if (value === '0' || value === 'nothing') body.returned = 'zero';
  else if (value === '>0' || value === '>=1' || value === 'something') body.returned = 'nonzero';
  else return applyField(body, 'total_returned', value, [value], false);
  return null;
}

function applyCache(body: Json, value: string): string | null {
  const [, sign, rest = ''] = COMPARED.exec(value) ?? [];
  const rate = sign ? rateOf(/[>≥]/.test(sign) ? `${rest}..` : `..${rest}`) : rateOf(value);
  if (rate === null) return 'Write it as cache:>=0.5 or cache:0.2..0.8';
  body.cache_hit_rate = rate;
  return null;
}

// A condition of the filter grammar.
function applyField(body: Json, field: string, value: string, list: string[], isNot: boolean): string | null {
  const [, sign, rest = ''] = value.startsWith('"') ? [] : COMPARED.exec(value) ?? [];
  const operator = sign ? OPERATOR_OF[sign]! : 'eq';
  const unquoted = sign ? listOf(rest)?.[0] : list.length === 1 ? list[0] : undefined;
  if (unquoted === undefined) return `${field} takes one value; a comma within it needs quotes`;
  let typed: string | number = unquoted;
  if (isNumberKind(fieldKind(field))) {
    const number = field === 'duration_ms' ? durationOf(unquoted) : numberOf(unquoted);
    if (number === null) return `${unquoted} is no number`;
    typed = number;
  }
  const condition = { field, operator, value: typed };
  body.filters = filterOf([...membersOf(body.filters), isNot ? { NOT: condition } : condition]);
  return null;
}

