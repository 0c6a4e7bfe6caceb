// Goal: no condition is lost or changed between the body, the address and the written form.
// Method: bodies made at random from awkward values, and hand-written examples.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  canonical, conditionsOf, excluding, KEYS, KINDS, paramsOf, tokenAt, tokensOf, withoutToken, type Conditions, type Key,
} from '../src/state/list_filter';
import { applied, parseWritten, written, writtenToken } from '../src/state/list_written';

// A small generator with a seed, so that a failure can be repeated.
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const TEXTS = [
  'failed', 'a b', ' edge ', 'it"s', '"night ferry"', '"open', 'os*', 'a,b', 'a:b', 'status:failed', 'team=search', '-minus', '<img onerror>', ':=', '=x',
  'é עברית 😀', '\\', '\\"', '{"a":1}', 'tab\there', 'line\nbreak', '%41&b=c#d?', '+1', '0..1', '>=5', '', '??', 'x  y', '""', 'a"b"c', "'", 'labels.x',
];
const NUMBERS = [0, 1, 0.5, 500, 1234.567, 1e-7, 1e21, 0.1 + 0.2, 3600000];
const FILTERS: Record<string, unknown>[] = [
  { field: 'client', operator: 'eq', value: 'curl' }, { field: 'status', operator: 'eq', value: 'failed' },
  { NOT: { field: 'status', operator: 'eq', value: 'fai"led' } }, { NOT: [{ field: 'status', value: 'x' }] },
  { field: 'total_returned', operator: 'gte', value: 10 }, { field: 'labels.team', operator: 'eq', value: 'a b' },
  { OR: [{ status: 'cancelled' }, { 'labels.team': 'search' }] }, { field: 'error', operator: 'regex', value: '^a "b" {' },
  { field: 'total_returned', operator: 'gt', value: '5' }, { AND: [{ field: 'a', value: 1 }, { AND: [{ status: 'x' }] }] }, { field: 'client', operator: 'eq', value: '>5' },
  { field: 'nothing', operator: 'exists', value: true }, { NOT: { NOT: { field: 'client', operator: 'eq', value: 'x' } } },
];

function anyBody(next: () => number): Conditions {
  const pick = <T,>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!;
  const body: Record<string, unknown> = {};
  for (const key of KEYS) {
    if (next() < 0.6) continue;
    switch (KINDS[key]) {
      case 'number': body[key] = pick(NUMBERS); break;
      case 'words': body[key] = Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(TEXTS)); break;
      case 'instant': body[key] = pick<string | number>(['-24h', '2026-01-31T10:00:00.000001Z', '2026-01-31', 1772730300, 1772730300.5, '-7d']); break;
      case 'document': body[key] = pick<unknown>([...TEXTS, { document_id: pick(TEXTS) || 'd' }, { document_id: '{', collection_id: 'a b' }, { document_id: 'd', collection_id: null }]); break;
      case 'rate': body[key] = pick<unknown>([0.5, 1, 0, { min: 0.2 }, { max: 1 }, { min: 0, max: 0.9 }, {}]); break;
      case 'labels': body[key] = Object.fromEntries(Array.from({ length: 1 + Math.floor(next() * 3) }, () => [pick(TEXTS) || 'team', pick(TEXTS) || 'v'])); break;
      case 'filters': body[key] = next() < 0.4 ? pick(FILTERS) : { AND: [pick(FILTERS), pick(FILTERS)] }; break;
      default: body[key] = key === 'returned' ? pick(['zero', 'nonzero']) : pick(TEXTS);
    }
  }
  return canonical(body);
}

test('a body survives the address, the written form and its tokens', () => {
  const seed = Date.now() & 0xffffffff;
  const next = random(seed);
  for (let round = 0; round < 5000; ++round) {
    const body = anyBody(next);
    const about = `seed ${seed} round ${round}: ${JSON.stringify(body)}`;
    const address = conditionsOf(new URLSearchParams(paramsOf(body).toString()));
    assert.deepEqual(address, { conditions: body, ignored: [] }, about);
    const text = written(body);
    assert.deepEqual(parseWritten(text), { conditions: body, problems: [] }, `${about}\nwritten ${text}`);
    // Taken away one by one, every one of them, nothing is left.
    let rest = body;
    for (let left = tokensOf(body).length; left > 0; --left) {
      rest = withoutToken(rest, tokensOf(rest)[0]!.id);
      assert.equal(tokensOf(rest).length, left - 1, about);
    }
    assert.deepEqual(rest, {}, about);
  }
});

test('any text is read without an exception', () => {
  const next = random(Date.now());
  const letters = 'ab:="{}[],.-<>≥ \\\t0';
  const heads = ['status:', 'took:>', 'found:', 'labels:=', 'filters:={', '-client:', 'cache:', 'team=', 'error:"', ''];
  for (let round = 0; round < 5000; ++round) {
    let text = heads[Math.floor(next() * heads.length)]!;
    for (let i = next() * 12; i > 0; --i) text += letters[Math.floor(next() * letters.length)];
    const { conditions } = parseWritten(text);
    written(conditions);
  }
});

const EXAMPLES: [string, Record<string, unknown>][] = [
  ['status:failed', { status: 'failed' }],
  ['status:failed,cancelled', { statuses: ['failed', 'cancelled'] }],
  ['status:failed status:cancelled', { statuses: ['failed', 'cancelled'] }],
  ['took:>500ms found:0 team=search "night ferry" error:timeout',
    { min_duration_ms: 500, returned: 'zero', labels: { team: 'search' }, query: '"night ferry"', error: 'timeout' }],
  ['took:100ms..2s', { min_duration_ms: 100, max_duration_ms: 2000 }],
  ['credits:<=2', { max_credits: 2 }],
  ['cache:>=0.5', { cache_hit_rate: { min: 0.5 } }],
  ['error:"connection reset" error:peer', { error: '"connection reset" peer' }],
  ['collection:books,"my films"', { collection_ids: ['books', 'my films'] }],
  ['-status:failed', { filters: { NOT: { field: 'status', operator: 'eq', value: 'failed' } } }],
  ['client:curl total_returned:>10', { filters: { AND: [{ field: 'client', operator: 'eq', value: 'curl' }, { field: 'total_returned', operator: 'gt', value: 10 }] } }],
  ['labels.team:search', { filters: { field: 'labels.team', operator: 'eq', value: 'search' } }],
  ['web browser implemented-in::c http://x', { query: 'web browser implemented-in::c http://x' }],
  ['document:dillo', { returned_document: 'dillo' }],
  [`error_kind:"stage '…' took N ms"`, { error_kind: `stage '…' took N ms` }],
  ['since:-7d until:2026-01-01', { start_time: '-7d', end_time: '2026-01-01' }],
];

test('what people write means what they expect', () => {
  for (const [text, conditions] of EXAMPLES) assert.deepEqual(parseWritten(text), { conditions, problems: [] }, text);
});

test('what cannot be meant is said, and is not a condition', () => {
  for (const text of ['took:long', 'status:', 'cache:most', 'filters:=5', 'shape:a,b', 'shape:a shape:b', 'min_credits:x', 'id:"a']) {
    assert.equal(parseWritten(text).problems.length, 1, text);
  }
});

test('an address that is not understood says so and keeps the rest', () => {
  const { conditions, ignored } = conditionsOf(new URLSearchParams('status=failed&min_duration_ms=abc&filters={&status=completed'));
  assert.deepEqual(conditions, { status: 'failed' });
  assert.equal(ignored.length, 3);
});

test('a place in the body leads to its token', () => {
  const body = canonical({ status: 'x', labels: { team: 'a' }, filters: { AND: [{ status: 'a' }, { status: 'b' }] } });
  const places: [string, string | null][] = [
    ['status', 'status'], ['labels.team', 'labels.team'], ['filters.AND[1].operator', 'filters.1'], ['filters', 'filters.0'], ['shape', null], ['', null],
  ];
  for (const [place, id] of places) assert.equal(tokenAt(body, place), id, place);
});

test('what is typed joins what is there', () => {
  const base = canonical({ statuses: ['a', 'b'], labels: { team: 'search' }, filters: { field: 'client', operator: 'eq', value: 'x' } });
  const { conditions: both } = applied(base, 'status:failed release=42 -client:y', null);
  assert.equal(both.statuses, undefined);
  assert.deepEqual(both.labels, { team: 'search', release: '42' });
  assert.equal(tokensOf(both).length, 5);
  // An edited token gives way to what it became, and words that were taken out of the field are gone.
  assert.deepEqual(applied({ ...base, query: 'ferry' }, 'team=rag', 'filters.0').conditions, { statuses: ['a', 'b'], labels: { team: 'rag' } });
  // The same twice is once.
  assert.deepEqual(excluding(excluding(base, 'status', 'x'), 'status', 'x'), excluding(base, 'status', 'x'));
});

test('every key of the body can be a token', () => {
  const example: Record<string, unknown> = { text: 'a', word: 'a', words: ['a'], number: 1, instant: '-1h', rate: 1, document: 'a', labels: { a: 'b' }, filters: { a: 'b' } };
  for (const key of KEYS) {
    const body = canonical({ [key as Key]: key === 'returned' ? 'zero' : example[KINDS[key]] });
    const tokens = tokensOf(body);
    assert.equal(tokens.length, 1, key);
    assert.deepEqual(parseWritten(writtenToken(body, tokens[0]!.id)).conditions, body, key);
  }
});
