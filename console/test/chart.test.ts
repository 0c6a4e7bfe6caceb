// Goal: ticks are round and cover what is drawn, and a stretch covers the buckets that it touches.
import assert from 'node:assert/strict';
import test from 'node:test';
import { bucketsBetween, timeTicks, valueTicks } from '../src/state/chart';

test('value ticks reach the greatest value in round steps', () => {
  for (const max of [1e-6, 0.3, 1, 7, 10, 99, 100, 101, 12345, 1e9]) {
    const ticks = valueTicks(max);
    assert.equal(ticks[0], 0);
    assert.ok(ticks.at(-1)! >= max && ticks.at(-2)! < max, `${max}: ${ticks}`);
    assert.ok(ticks.length <= 5, `${max}: ${ticks}`);
  }
  assert.deepEqual(valueTicks(0), [0, 1]);
  assert.deepEqual(valueTicks(Number.NaN), [0, 1]);
});

test('time ticks stand within the range, in order, and are few', () => {
  const from = Date.parse('2026-03-01T10:07:13Z');
  for (const length of [1000, 60_000, 3_600_000, 86_400_000, 30 * 86_400_000, 400 * 86_400_000, 40_000 * 86_400_000]) {
    const ticks = timeTicks(from, from + length, 8).map(({ at }) => at);
    assert.ok(ticks.length >= 1 || length === 1000, String(length));
    assert.ok(ticks.length <= 11);
    assert.ok(ticks.every((at, i) => at >= from && at <= from + length && (i === 0 || at > ticks[i - 1]!)));
  }
  assert.deepEqual(timeTicks(from, from, 8), []);
});

test('a stretch covers the buckets that it touches', () => {
  const buckets = [0, 10, 20].map((start) => ({ start, end: start + 10 }));
  assert.deepEqual(bucketsBetween(buckets, 5, 5), [0, 0]);
  assert.deepEqual(bucketsBetween(buckets, 25, 3), [0, 2]);
  assert.deepEqual(bucketsBetween(buckets, 10, 12), [1, 1]);
  assert.equal(bucketsBetween(buckets, 40, 50), null);
  assert.equal(bucketsBetween([], 0, 1), null);
});
