import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patchIn, patchOf, stepText } from '../src/state/patch';

test('changes become steps that do not move each other', () => {
  assert.deepEqual(patchOf([
    { path: '/stages/1/config/parameters/limit', before: 3, after: 5 },
    { path: '/filters', after: { a: 1 } },
    { path: '/stages/0/x/1', before: 'b' }, { path: '/stages/0/x/2', before: 'c' },
    { path: '/stages/0/y/3', after: 'd' }, { path: '/stages/0/y/2', after: 'c' },
  ], []), [
    { op: 'replace', path: '/stages/1/config/parameters/limit', value: 5 },
    { op: 'remove', path: '/stages/0/x/2' }, { op: 'remove', path: '/stages/0/x/1' },
    { op: 'add', path: '/filters', value: { a: 1 } },
    { op: 'add', path: '/stages/0/y/2', value: 'c' }, { op: 'add', path: '/stages/0/y/3', value: 'd' },
  ]);
});

test('a value that becomes null is replaced, not removed', () => {
  assert.deepEqual(patchOf([{ path: '/filters', before: 1, after: null }], []), [{ op: 'replace', path: '/filters', value: null }]);
});

test('whole stages are set together', () => {
  assert.deepEqual(patchOf([{ path: '/stages/2', after: {} }, { path: '/stages/0/x', before: 1, after: 2 }], ['all']),
    [{ op: 'replace', path: '/stages', value: ['all'] }]);
});

test('what is no patch is none', () => {
  for (const text of [null, '', '{', '[]', '{"op":"add"}', '[1]', '[{"op":"add"}]']) assert.equal(patchIn(text), null);
  assert.deepEqual(patchIn('[{"op":"remove","path":"/x"}]'), [{ op: 'remove', path: '/x' }]);
});

test('a step in words', () => {
  assert.equal(stepText({ op: 'replace', path: '/stages/1/config/parameters/limit', value: 5 }), 'stage 1: limit = 5');
  assert.equal(stepText({ op: 'remove', path: '/filters' }), 'filters removed');
});
