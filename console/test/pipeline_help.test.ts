import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stage } from '../src/api/schema';
import { inputsOf } from '../src/state/inputs';
import { check, complete, explain, type Knowledge } from '../src/state/pipeline_help';
import { parseJson } from '../src/state/json_text';

const stage = (stage_id: string, properties: Record<string, unknown>): Stage =>
  ({ stage_id, description: `About ${stage_id}`, category: 'filter', icon: '', parameter_schema: { type: 'object', properties } });

const KNOWN: Knowledge = {
  stages: [
    stage('attribute_filter', {
      field: { type: 'string', description: 'Dotted path, for a single condition.' },
      operator: { type: 'string', enum: ['eq', 'gte'], default: 'eq' }, value: { description: 'What it is compared with.' },
      conditions: { type: ['object', 'null'], description: 'A filter.' } }),
    stage('limit', { limit: { type: 'integer', default: 10, minimum: 1, description: 'Kept. Also read as count.' } }),
  ],
  schemas: {
    ExecuteRequest: { type: 'object', required: ['stages'], properties: {
      collection_identifiers: { $ref: '#/components/schemas/Strings', description: 'Names or ids' },
      stages: { type: 'array', items: { $ref: '#/components/schemas/StageConfig' } }, skip_cache: { type: ['boolean', 'null'] },
      input_schema: { type: ['object', 'null'] } } },
    StageConfig: { anyOf: [
      { type: 'object', required: ['config'], properties: { stage_name: { type: 'string' },
        config: { type: 'object', properties: { stage_id: { $ref: '#/components/schemas/StageId' }, parameters: { type: 'object' } } } } },
      { type: 'object', required: ['stage_id'], properties: { stage_id: { $ref: '#/components/schemas/StageId' }, config: { type: 'null' }, parameters: { type: 'object' } } }] },
    StageId: { enum: ['attribute_filter', 'limit', 'structured_filter'] },
    Strings: { type: ['array', 'string', 'null'], items: { type: 'string' } },
    Filter: { anyOf: [{ $ref: '#/components/schemas/FilterGroup' }, { type: 'null' }] },
    FilterGroup: { type: 'object', properties: { AND: { type: 'array', items: { $ref: '#/components/schemas/Filter' } }, OR: { type: 'array' } } },
  },
  collections: [
    { name: 'books', fields: ['year', 'author.name'], features: ['trawl://bm25@v1/text'] },
    { name: 'songs', fields: ['length'], features: [] },
  ],
};

const offered = (marked: string) => complete(marked.replace('|', ''), marked.indexOf('|'), KNOWN)?.options.map(({ label }) => label) ?? [];
const chosen = (marked: string, label: string) => {
  const text = marked.replace('|', '');
  const found = complete(text, marked.indexOf('|'), KNOWN)!;
  const option = found.options.find((one) => one.label === label)!;
  return text.slice(0, found.from) + option.text.slice(0, option.cursor) + '|' + option.text.slice(option.cursor) + text.slice(found.to);
};
const filter = (inner: string) => `{"collection_identifiers": ["books"], "stages": [{"config": {"stage_id": "attribute_filter", "parameters": {${inner}}}}]}`;

test('names of the request, the required ones first', () => {
  assert.deepEqual(offered('{|}'), ['stages', 'collection_identifiers', 'skip_cache', 'input_schema']);
  assert.equal(chosen('{|}', 'stages'), '{"stages": [|]}');
});

test('the stages of this server', () => {
  assert.deepEqual(offered('{"stages": [{"config": {"stage_id": "|"}}]}'), ['attribute_filter', 'limit']);
  assert.deepEqual(offered('{"stages": [{"stage_id": |}]}'), ['attribute_filter', 'limit']);
  assert.equal(chosen('{"stages": [{"config": {"stage_id": "at|"}}]}', 'limit'), '{"stages": [{"config": {"stage_id": "limit"|}}]}');
});

test('parameters of the stage around, without those that are there', () => {
  assert.deepEqual(offered(filter('"field": "x", |')), ['operator', 'value', 'conditions']);
  assert.deepEqual(offered('{"stages": [{"stage_id": "limit", "parameters": {"|"}}]}'), ['limit']);
  assert.equal(chosen('{"stages": [{"stage_id": "limit", "parameters": {|}}]}', 'limit'), '{"stages": [{"stage_id": "limit", "parameters": {"limit": 10|}}]}');
});

test('fields are those of the collections that are searched', () => {
  assert.deepEqual(offered(filter('"field": "|"')), ['author.name', 'year']);
  assert.deepEqual(offered('{"stages": [{"stage_id": "attribute_filter", "parameters": {"field": |}}]}'), ['author.name', 'length', 'year']);
  assert.ok(offered(filter('"conditions": {|}')).includes('year'));
  assert.ok(offered(filter('"conditions": {"AND": [{|}]}')).includes('AND'));
});

test('choices, collections and templates', () => {
  assert.deepEqual(offered(filter('"operator": "|"')), ['eq', 'gte']);
  assert.equal(chosen('{"collection_identifiers": |}', 'books'), '{"collection_identifiers": ["books"]|}');
  assert.equal(chosen(filter('"value": "{{IN|"').replace('{"coll', '{"input_schema": {"year": {}}, "coll'), 'INPUT.year').includes('"{{INPUT.year}}|"'), true);
});

test('inputs are those of templates and of the schema', () => {
  const text = '{"input_schema": {"a": {}}, "x": "{{INPUT.b | default(INPUT.c)}} and {{ inputs.d }} {{DOC.e}}"}';
  assert.deepEqual(inputsOf(text, parseJson(text).root), ['a', 'b', 'c', 'd']);
});

const wrong = (text: string) => check(text, KNOWN).map((one) => `${one.severity} ${text.slice(one.from, one.to)} ${one.message}`);

test('what is wrong is marked at its place', () => {
  assert.deepEqual(wrong(filter('"field": "year", "value": 1')), []);
  assert.deepEqual(wrong(filter('"feild": "year"')), ['warning "feild" “feild” is unknown here; did you mean “field”?']);
  assert.deepEqual(wrong('{"stages": [{"stage_id": "limt"}]}'), ['error "limt" “limt” is no stage of this server; did you mean “limit”?']);
  assert.deepEqual(wrong('{"stages": [{"stage_id": "structured_filter", "parameters": {"anything": 1}}]}'), []);
  assert.equal(wrong('{"stages": [').length > 0, true);
});

test('another name that the description says is not marked', () => {
  assert.deepEqual(wrong('{"stages": [{"stage_id": "limit", "parameters": {"count": 3}}]}'), []);
});

test('a name is explained', () => {
  const text = filter('"operator": "gte"');
  assert.deepEqual(explain(text, text.indexOf('operator'), KNOWN)?.lines, ['"eq" unless said', 'One of eq, gte.']);
  assert.deepEqual(explain(text, text.indexOf('attribute_filter'), KNOWN)?.lines, ['About attribute_filter']);
});
