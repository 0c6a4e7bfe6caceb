// What is read from a record.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecutionDetail } from '../src/api/schema';
import { changedMembers } from '../src/state/changed';
import { evidenceOf } from '../src/state/evidence';
import { beside } from '../src/state/neighbours';
import { emptiedAt, inputsOf, isSummary, recordedOf, runOf, stageOfInterest, writtenStages } from '../src/state/run';
import { titleFields, titleIn } from '../src/state/title_text';

const record = (more: object) => ({ status: 'completed', pipeline: {}, inputs: '{}', failed_stage: null, ...more }) as unknown as ExecutionDetail;
const stage = (input_count: number, output_count: number, error: string | null = null) => ({ input_count, output_count, error });

test('a record without lists has empty ones', () => {
  const run = runOf(record({ stages: null, results: undefined, collection_versions: null }));
  assert.deepEqual([run.stages, run.results, run.collection_versions], [[], [], []]);
  assert.ok(run.isWhole);
  const [first] = runOf(record({ stages: [{}] })).stages;
  assert.deepEqual([first!.candidates, first!.warnings, first!.stage_name], [[], [], 'stage 1']);
});

test('where everything was lost, and which stage one wants to see', () => {
  const emptied = runOf(record({ stages: [stage(0, 9), stage(9, 0), stage(0, 0)] }));
  assert.equal(emptiedAt(emptied), 1);
  assert.equal(stageOfInterest(emptied), 1);
  assert.equal(emptiedAt(runOf(record({ stages: [stage(0, 0)] }))), 0);
  const failed = runOf(record({ status: 'failed', stages: [stage(0, 9), stage(9, 0, 'boom')] }));
  assert.equal(emptiedAt(failed), -1, 'a failed stage lost nothing');
  assert.equal(stageOfInterest(failed), 1);
  assert.equal(stageOfInterest(runOf(record({ stages: [stage(0, 9), stage(9, 3)] }))), 1);
  assert.equal(stageOfInterest(runOf(record({ stages: [] }))), -1);
});

test('a summary has neither pipeline nor inputs; a running one is none', () => {
  assert.ok(isSummary(runOf(record({ pipeline: null, inputs: null }))));
  assert.ok(!isSummary(runOf(record({ pipeline: null, inputs: null, status: 'processing' }))));
  assert.ok(!isSummary(runOf(record({}))));
  assert.equal(inputsOf({ inputs: null }), undefined);
  assert.equal(inputsOf({ inputs: 'not JSON' }), 'not JSON');
});

test('stages are named in either written form', () => {
  const stages = writtenStages(runOf(record({ pipeline: { stages: [{ stage_name: 'a', config: { stage_id: 'limit' } }, { stage_id: 'sample' }] } })));
  assert.deepEqual(stages.map(({ stage_name, stage_id }) => [stage_name, stage_id]), [['a', 'limit'], ['stage 2', 'sample']]);
});

test('evidence says what the document has beside what was asked of it', () => {
  const rows = evidenceOf({ operator: 'in', value: ['a', 2, null], field: 'section', found: 'gnome', negated: false, offset: 0, more: { x: 1 } });
  assert.deepEqual(rows.map(({ name, text }) => [name, text]), [
    ['field', 'section'], ['the document has', 'gnome'], ['condition', 'in'], ['asked for', 'a, 2, null'], ['more', null]]);
  assert.deepEqual(evidenceOf({ found: null, lacking_words: [] }).map(({ text }) => text), ['nothing', 'none']);
});

test('a title says more than the id', () => {
  const fields = titleFields({ features: [{ type: 'bm25', feature_uri: '', language: null, fields: [{ path: 'body', weight: 1 }, { path: 'name', weight: 3 }] }] });
  assert.equal(fields[0], 'name');
  assert.equal(titleIn({ document_id: 'a', name: 'a', body: 'long text' }, fields), 'long text');
  assert.equal(titleIn({ document_id: 'a', meta: { title: 'T' } }, ['meta.title']), 'T');
  assert.equal(titleIn({ document_id: 'a', title: 7, name: '  ' }, fields), '');
});

test('a run has neighbours only in the list of its namespace', () => {
  const list = { namespace: 'n', href: '#', ids: ['a', 'b', 'c'] };
  assert.deepEqual(beside(list, 'n', 'b'), { before: 'a', after: 'c' });
  assert.deepEqual(beside(list, 'n', 'a'), { before: null, after: 'b' });
  assert.equal(beside(list, 'other', 'b'), null);
  assert.equal(beside(list, 'n', 'x'), null);
  assert.equal(beside(null, 'n', 'a'), null);
});

test('what of a document has changed since', () => {
  assert.deepEqual(changedMembers({ a: 1, b: { c: [1] }, _internal: 1, gone: 'x' }, { a: 2, b: { c: [1] }, _internal: 2, fresh: null }), [
    { name: 'a', before: '1', after: '2' }, { name: 'gone', before: '"x"', after: 'nothing' }, { name: 'fresh', before: 'nothing', after: 'null' }]);
  const [long] = changedMembers({ a: 'x'.repeat(1000) }, { a: '' });
  assert.ok(long!.before.length < 100);
});

test('a record of which the first candidates came is not whole', () => {
  const part = (total: number) => record({ stages: [{ candidates: [{}, {}], candidates_total: total }], results: [{}], results_total: 1 });
  assert.ok(runOf(part(2)).isWhole);
  assert.ok(!runOf(part(3)).isWhole);
  assert.ok(!runOf(record({ stages: [], results: [{}], results_total: 2 })).isWhole);
  assert.equal(recordedOf(runOf(part(3)).stages[0]!), 3);
});
