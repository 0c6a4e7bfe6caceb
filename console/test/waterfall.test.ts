import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timesUsual, waterfall } from '../src/state/waterfall';

test('bars lie where the stages lie in the time of the run', () => {
  const { whole, bars } = waterfall([{ start_offset_ms: 0, duration_ms: 5 }, { start_offset_ms: 5, duration_ms: 10 }], 20);
  assert.equal(whole, 20);
  assert.deepEqual(bars, [{ left: 0, width: 0.25 }, { left: 0.25, width: 0.5 }]);
});

test('a stage that ends after the run makes the whole longer; nothing leaves the track', () => {
  const { whole, bars } = waterfall([{ start_offset_ms: 8, duration_ms: 4 }], 10);
  assert.equal(whole, 12);
  assert.ok(bars[0]!.left + bars[0]!.width <= 1);
});

test('a run of no time has no bars to speak of', () => {
  assert.deepEqual(waterfall([{ start_offset_ms: 0, duration_ms: 0 }], 0), { whole: 0, bars: [{ left: 0, width: 0 }] });
  assert.deepEqual(waterfall([], 0).bars, []);
});

test('what is near the usual is not worth a word', () => {
  assert.equal(timesUsual(3.9, 0.4), 9.75);
  assert.equal(timesUsual(1.2, 1), null);
  assert.equal(timesUsual(1, 4), 0.25);
  for (const nothing of [null, undefined, 0]) assert.equal(timesUsual(1, nothing), null);
});
