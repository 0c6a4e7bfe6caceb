import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scrollToRow, visibleRows } from '../src/state/virtual';
import { chance } from './chance';

test('every row in sight is drawn, and few others', () => {
  const next = chance(3);
  for (let round = 0; round < 5000; ++round) {
    const rowHeight = 1 + next(60);
    const rows = next(20) === 0 ? 0 : next(100_000);
    const height = next(2000);
    const margin = next(20);
    const top = next(Math.max(1, rows * rowHeight));
    const { first, end } = visibleRows(top, height, rowHeight, rows, margin);
    assert.ok(0 <= first && first <= end && end <= rows, `${first} to ${end} of ${rows}`);
    for (const row of [Math.floor(top / rowHeight), Math.ceil((top + height) / rowHeight) - 1]) {
      if (row < rows && height > 0 && rows > 0) assert.ok(first <= row && row < end, `row ${row} of ${first} to ${end}`);
    }
    assert.ok(end - first <= Math.ceil(height / rowHeight) + 1 + 2 * margin + 1);
  }
});

test('no rows, and rows that went away while one was scrolled down', () => {
  assert.deepEqual(visibleRows(0, 600, 28, 0), { first: 0, end: 0 });
  assert.deepEqual(visibleRows(5000, 600, 28, 0), { first: 0, end: 0 });
  assert.deepEqual(visibleRows(28_000, 600, 28, 3), { first: 2, end: 3 });
});

test('pulling beyond the top draws the first rows', () => {
  assert.deepEqual(visibleRows(-200, 600, 28, 1000), { first: 0, end: Math.ceil(400 / 28) + 8 });
});

test('a row is scrolled to as little as is needed, and then is in sight', () => {
  const next = chance(4);
  for (let round = 0; round < 5000; ++round) {
    const rowHeight = 1 + next(60);
    const height = rowHeight + next(2000);
    const row = next(10_000);
    const before = next(10_000 * rowHeight);
    const to = scrollToRow(row, before, height, rowHeight);
    assert.ok(to <= row * rowHeight && (row + 1) * rowHeight <= to + height);
    assert.equal(scrollToRow(row, to, height, rowHeight), to);
    if (before <= row * rowHeight && (row + 1) * rowHeight <= before + height) assert.equal(to, before);
  }
});
