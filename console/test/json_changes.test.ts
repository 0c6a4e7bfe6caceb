import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesBetween, equal } from '../src/state/json_changes';

test('changes are told place by place', () => {
  assert.deepEqual(changesBetween({ a: 1, b: { c: [1, 2], d: 'x' } }, { b: { d: 'x', c: [2, 1] }, e: null }), [
    { path: 'a', before: 1, after: undefined },
    { path: 'b.c', before: [1, 2], after: [2, 1] },
    { path: 'e', before: undefined, after: null },
  ]);
  assert.deepEqual(changesBetween({ a: { b: 1, c: 2 } }, { a: { c: 2, b: 1 } }), []);
});

test('values are equal whatever the order of members', () => {
  assert.ok(equal({ a: 1, b: [{ c: 1, d: 2 }] }, { b: [{ d: 2, c: 1 }], a: 1 }));
  assert.ok(!equal({ a: undefined }, { b: undefined }));
  assert.ok(!equal([1], { 0: 1 }));
  assert.ok(!equal(null, {}));
});
