import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeAt, parseJson, pathAround, pathOfLocation, placeAt, rangeOf, valueOf } from '../src/state/json_text';

const TEXT = `{
  "stages": [
    {"stage_name": "find", "config": {"parameters": {"value": 1850, "a.b": {"c": [1, 2]}}}}
  ]
}`;
const at = (location: string, text = TEXT) => {
  const { root } = parseJson(text);
  const range = rangeOf(root, pathOfLocation(root, location));
  return range && text.slice(range.from, range.to);
};

test('JSON is read as JSON.parse reads it', () => {
  const values: unknown[] = [TEXT, '[]', '{}', '[1,-2.5e3,"a\\n\\u00e9","",null,true,false,[[]],{"a":{}}]', '"x"', ' 3 '].map((text) => text);
  for (const text of values as string[]) {
    const { root, problems } = parseJson(text);
    assert.deepEqual(problems, [], text);
    assert.deepEqual(valueOf(root), JSON.parse(text));
  }
});

test('a path of the server leads to its place', () => {
  assert.equal(at('stages[0].config.parameters.value'), '1850');
  assert.equal(at('stages[0].stage_name'), '"find"');
  assert.equal(at('stages[0].config'), '"config"');
  assert.equal(at('stages[0]'), '{');
  assert.equal(at('stages'), '"stages"');
});

test('names that hold dots are found, and what is not there leads to what holds it', () => {
  assert.equal(at('stages[0].config.parameters.a.b.c[1]'), '2');
  assert.equal(at('a.b.c', '{"a": {"b": {"c": 1}}, "a.b": {"c": 2}}'), '2');
  assert.equal(at('stages[0].config.parameters.missing'), '"parameters"');
  assert.equal(at('stages[7].config'), '"stages"');
  assert.equal(at('nothing.here'), '{');
});

test('a place is found in text that is not finished', () => {
  for (const text of ['{"stages": [{"config": {"value": 3, ', '{"stages": [{"config": {"value": 3', '{"stages": [{"config": {"value": 3,, "x": }}']) {
    assert.equal(at('stages[0].config.value', text), '3', text);
    assert.notDeepEqual(parseJson(text).problems, []);
  }
});

test('whatever JSON.parse refuses has a problem, and what it takes has none', () => {
  const pieces = ['{', '}', '[', ']', ',', ':', '"a"', '"b', '1', 'tru', 'null', ' ', '\n', '\\', '-'];
  let seed = 7;
  const draw = () => pieces[(seed = (seed * 48271) % 2147483647) % pieces.length]!;
  for (let round = 0; round < 20000; ++round) {
    const text = Array.from({ length: round % 11 }, draw).join('');
    let isJson = true;
    try { JSON.parse(text); } catch { isJson = false; }
    const { problems } = parseJson(text);
    assert.equal(problems.length === 0, isJson, text);
    for (const one of problems) assert.ok(one.from >= 0 && one.to <= text.length && one.from <= one.to, text);
    for (let offset = 0; offset <= text.length; ++offset) placeAt(text, parseJson(text).root, offset);
  }
});

test('depth has an end', () => {
  assert.equal(parseJson('['.repeat(100_000)).problems.length > 0, true);
});

// The text with a bar where the cursor is.
const place = (marked: string) => {
  const offset = marked.indexOf('|');
  const text = marked.replace('|', '');
  const found = placeAt(text, parseJson(text).root, offset);
  return found && `${found.where} ${JSON.stringify(found.path)} ${text.slice(found.from, found.to)}${found.isNamed ? ':' : ''}`;
};

test('what may be written at a place', () => {
  assert.equal(place('{|}'), 'name [] ');
  assert.equal(place('{"a": 1, |}'), 'name [] ');
  assert.equal(place('{"a": 1, "b|'), 'name [] "b');
  assert.equal(place('{"sta|": 1}'), 'name [] "sta":');
  assert.equal(place('{"a": |}'), 'value ["a"] ');
  assert.equal(place('{"a": "x|y"}'), 'value ["a"] "xy"');
  assert.equal(place('{"a": {"b": [|]}}'), 'value ["a","b",0] ');
  assert.equal(place('{"a": {"b": ["x", |]}}'), 'value ["a","b",1] ');
  assert.equal(place('{"a": [{|}]}'), 'name ["a",0] ');
  assert.equal(place('{"a": 1 |, "b": 2}'), null);
  assert.equal(place('{"a" |: 1}'), null);
  assert.equal(place('{"a": 1}|'), null);
});

test('the member around a place', () => {
  const { root } = parseJson(TEXT);
  const path = (needle: string) => pathAround(root, TEXT.indexOf(needle) + 1)?.path;
  assert.deepEqual(path('"value"'), ['stages', 0, 'config', 'parameters', 'value']);
  assert.deepEqual(path('1850'), ['stages', 0, 'config', 'parameters', 'value']);
  assert.equal(nodeAt(root, ['stages', 0, 'stage_name'])?.value, 'find');
});
