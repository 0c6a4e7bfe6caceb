// Goal: shares are those within the part and within all others, which together are the whole.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ExecutionAggregate } from '../src/api/schema';
import { differences, partOf } from '../src/state/differs';
import { canonical } from '../src/state/list_filter';

const counted = (total: number, values: [string | null, number][]) =>
  ({ total: { count: total }, results: values.map(([label, count]) => ({ label, count })) }) as unknown as ExecutionAggregate;

test('shares of the part and of the others, the most different first', () => {
  const found = differences('labels.release', counted(10, [['42', 9], ['41', 1]]), counted(100, [['41', 59], ['42', 31], [null, 10]]));
  assert.deepEqual(found.map(({ value, count, others, share, otherShare }) => [value, count, others, share, otherShare]), [
    ['42', 9, 31, 0.9, 0.31], ['41', 1, 59, 0.1, 0.59], [null, 0, 10, 0, 0.1]]);
});

test('without others there is nothing to tell', () => {
  assert.deepEqual(differences('x', counted(3, [['a', 3]]), counted(0, [])), []);
  assert.deepEqual(differences('x', counted(0, []), counted(3, [['a', 3]])), []);
});

test('the part and the others exclude each other', () => {
  const base = canonical({ query: 'x', filters: { field: 'client', operator: 'eq', value: 'c' } });
  const client = { field: 'client', operator: 'eq', value: 'c' };
  assert.deepEqual(partOf('failed', base, null, 0), {
    part: { query: 'x', filters: client, status: 'failed' },
    rest: { query: 'x', filters: { AND: [client, { NOT: { field: 'status', operator: 'eq', value: 'failed' } }] } } });
  const slow = partOf('slow', canonical({ min_duration_ms: 900 }), 500, 0)!;
  assert.deepEqual([slow.part.min_duration_ms, slow.rest], [900, { min_duration_ms: 900, filters: { NOT: { field: 'duration_ms', operator: 'gte', value: 900 } } }]);
  assert.equal(partOf('nothing', {}, null, 0)!.part.returned, 'zero');
});

test('the range before is as long, and ends where this one begins', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');
  const { rest } = partOf('range', canonical({ start_time: '-1h', status: 'failed' }), null, now)!;
  assert.deepEqual(rest, { start_time: '2026-03-01T10:00:00.000Z', end_time: '2026-03-01T10:59:59.999999Z', status: 'failed' });
  assert.equal(partOf('range', {}, null, now), null);
  assert.equal(partOf('slow', {}, null, now), null);
});
