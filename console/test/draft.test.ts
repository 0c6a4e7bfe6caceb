import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draftOf, labelsOf, likeness, pretty, starter, type Draft } from '../src/state/draft';
import { parseExact, stringifyExact } from '../src/state/json_exact';
import { parseJson, valueOf } from '../src/state/json_text';
import { patchIn } from '../src/state/patch';

test('JSON for people reads back as it was', () => {
  const values = [
    {}, [], { a: [] }, 'x', null, { a: { b: { c: [1, 2, { d: 'long '.repeat(30) }] } } },
    { text: 'a\n  b\n]', list: ['{ "x": 1 }', '\n }', '[ '], 'odd "name"': { x: [[], [[]], {}] } },
  ];
  for (const value of values) assert.deepEqual(JSON.parse(pretty(value)), value);
});

test('what is short stands on one line', () => {
  assert.equal(pretty({ stages: [{ config: { stage_id: 'limit', parameters: { limit: 10 } } }], names: ['a', 'b'] }),
    '{\n  "stages": [\n    {\n      "config": { "stage_id": "limit", "parameters": { "limit": 10 } }\n    }\n  ],\n  "names": ["a", "b"]\n}');
});

test('a record becomes a draft that runs the same', () => {
  const pipeline = { stages: [{ config: { parameters: { limit: 3 }, stage_id: 'limit' }, stage_name: 'few', stage_type: 'reduce' }], input_schema: {}, collection_identifiers: ['books'] };
  const record = { execution_id: 'exec_1', pipeline, inputs: '{"query":"x"}', collection_versions: [{ collection_id: 'col_1', version: 7 }], shape: 's', fingerprint: 'f' };
  const draft = draftOf(record as never) as Draft;
  const without = { collection_identifiers: ['books'], stages: [{ stage_name: 'few', config: { stage_id: 'limit', parameters: { limit: 3 } } }] };
  assert.deepEqual(JSON.parse(draft.text), without);
  assert.deepEqual([draft.inputs, draft.from, draft.recorded!.versions], [{ query: 'x' }, 'exec_1', { col_1: 7 }]);
  const changed = draftOf(record as never, { ...pipeline, stages: [] }) as Draft;
  assert.deepEqual(JSON.parse(changed.text).stages, []);
  assert.deepEqual(JSON.parse(changed.recorded!.text), without);
});

test('a record without its pipeline says so', () => {
  assert.match(draftOf({ execution_id: 'exec_1', pipeline: null, inputs: null } as never) as string, /exec_1 was not recorded/);
});

test('a first pipeline is one', () => {
  assert.deepEqual(JSON.parse(starter('books', null).text).collection_identifiers, ['books']);
});

test('likeness is the share of the first ten', () => {
  assert.equal(likeness(['a', 'b'], ['b', 'c', 'd', 'e']), 0.25);
  assert.equal(likeness([], []), null);
  assert.equal(likeness(['a'], []), 0);
});

test('labels are name=value', () => {
  assert.deepEqual(labelsOf('team=search, try=a=b'), { team: 'search', try: 'a=b' });
  assert.deepEqual(labelsOf('  '), {});
  assert.match(labelsOf('team') as string, /name=value/);
});

test('large integers stay as they are', () => {
  const text = '{"value": 9007199254740993, "text": "9007199254740993"}';
  assert.match(pretty(parseExact(text)), /"value": 9007199254740993,\n  "text": "9007199254740993"/);
  assert.match(pretty(valueOf(parseJson(text).root)), /"value": 9007199254740993/);
  assert.match(stringifyExact(patchIn('[{"op":"add","path":"/x","value":-12345678901234567890}]')), /-12345678901234567890/);
});
