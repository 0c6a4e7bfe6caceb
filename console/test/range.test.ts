// Goal: ranges of time are named and widened as one expects.
import assert from 'node:assert/strict';
import test from 'node:test';
import { canonical } from '../src/state/list_filter';
import { instantMs, rangeLabel, reachesNow, relativeMs, zoomedOut } from '../src/state/range';

const now = Date.parse('2026-03-01T12:00:00Z');

test('relative times', () => {
  assert.equal(relativeMs('-24h'), 86_400_000);
  for (const text of ['24h', '-h', '-1y', '', null, 5, '2026-01-01']) assert.equal(relativeMs(text), null);
  assert.equal(instantMs('-15m', now), now - 900_000);
  assert.equal(instantMs(1772730300, now), 1772730300_000);
  assert.equal(instantMs('nonsense', now), null);
});

test('ranges in words', () => {
  assert.equal(rangeLabel({}), 'all time');
  assert.equal(rangeLabel({ start_time: '-24h' }), 'last 24 hours');
  assert.equal(rangeLabel({ start_time: '-1h' }), 'last hour');
  assert.equal(rangeLabel({ start_time: '-7d', end_time: '-1d' }), '7 days ago – 1 day ago');
});

test('zooming out doubles the range, and never beyond now', () => {
  assert.deepEqual(zoomedOut({ start_time: '-24h' }, now), { start_time: '-2d' });
  assert.deepEqual(zoomedOut({ start_time: '-15m', status: 'failed' }, now), { start_time: '-30m', status: 'failed' });
  const hour = canonical({ start_time: '2026-03-01T08:00:00Z', end_time: '2026-03-01T09:00:00Z' });
  assert.deepEqual(zoomedOut(hour, now), { start_time: '2026-03-01T07:30:00.000Z', end_time: '2026-03-01T09:30:00.000Z' });
  assert.equal(zoomedOut(canonical({ start_time: '2026-03-01T11:00:00Z', end_time: '2026-03-01T12:00:00Z' }), now).end_time, undefined);
  assert.deepEqual(zoomedOut({ query: 'x' }, now), { query: 'x' });
});

test('whether a range reaches to now', () => {
  assert.ok(reachesNow({ start_time: '-1h' }, now));
  assert.ok(!reachesNow({ end_time: '-1m' }, now));
});
