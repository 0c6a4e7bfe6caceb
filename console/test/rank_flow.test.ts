// Where each document stood, and what became of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterRows, rankFlow, rise, sortRows, type RankFlow } from '../src/state/rank_flow';

const doc = (id: string, score: number | null = 1, collection = 'c') => ({ document_id: id, collection_id: collection, score });
const stage = (name: string, ids: string[], more: object = {}) => ({
  stage_name: name, stage_id: 'kind', output_count: ids.length, candidates: ids.map((id) => doc(id)), candidates_truncated: false, error: null, ...more });
const run = (stages: ReturnType<typeof stage>[], results: string[], status = 'completed') =>
  ({ status, stages, results: results.map((id) => doc(id)) });
const ids = (rows: { document: string }[]) => rows.map((row) => row.document);
const fate = (flow: RankFlow, id: string) => flow.rows.find((row) => row.document === id)!.fate;

test('a document has its rank at every boundary, and none where it is not', () => {
  const flow = rankFlow(run([stage('find', ['a', 'b', 'c']), stage('sort', ['c', 'a'])], ['c', 'a']));
  const row = flow.rows.find(({ document }) => document === 'c')!;
  assert.deepEqual([...row.ranks], [3, 1]);
  assert.equal(row.result, 1);
  assert.equal(rise(row), 2);
  assert.deepEqual([...flow.rows.find(({ document }) => document === 'b')!.ranks], [2, 0]);
});

test('results come first, then those that came furthest', () => {
  const flow = rankFlow(run([stage('find', ['a', 'b', 'c', 'd']), stage('keep', ['d', 'b', 'a']), stage('few', ['d'])], ['d']));
  assert.deepEqual(ids(flow.rows), ['d', 'b', 'a', 'c']);
});

test('a stage drops what its whole list has not; of a list cut short that is not known', () => {
  const whole = rankFlow(run([stage('find', ['a', 'b']), stage('keep', ['a'])], ['a']));
  assert.deepEqual(fate(whole, 'b'), { kind: 'dropped', stage: 1 });
  const cut = rankFlow(run([stage('find', ['a', 'b']), stage('keep', ['a'], { candidates_truncated: true, output_count: 9 })], ['a']));
  assert.deepEqual(fate(cut, 'b'), { kind: 'unknown', stage: 1 });
});

test('a document that is gone from a list cut short and back later was not dropped there', () => {
  const flow = rankFlow(run([stage('find', ['a', 'z']), stage('sort', ['a'], { candidates_truncated: true, output_count: 2 }), stage('flip', ['z', 'a'])], ['z']));
  assert.deepEqual(fate(flow, 'z'), { kind: 'returned' });
  assert.deepEqual(fate(flow, 'a'), { kind: 'unpaged' });
});

test('a failed stage drops nothing: what was there when the run ended is said so', () => {
  const flow = rankFlow(run([stage('find', ['a', 'b']), stage('boom', [], { error: 'budget exhausted' })], [], 'failed'));
  assert.deepEqual(flow.boundaries.map(({ name }) => name), ['find']);
  assert.deepEqual(fate(flow, 'a'), { kind: 'stopped' });
});

test('equal ids of two collections are two documents; one id twice in a list is one', () => {
  const twice = { ...stage('find', []), candidates: [doc('a', 3, 'x'), doc('a', 2, 'y'), doc('a', 1, 'x')] };
  const flow = rankFlow({ status: 'completed', stages: [twice], results: [] });
  assert.deepEqual(flow.rows.map((row) => [row.collection, row.ranks[0], row.scores[0]]), [['x', 1, 3], ['y', 2, 2]]);
});

test('filters and sorting', () => {
  const flow = rankFlow(run([stage('find', ['a', 'b', 'c', 'd']), stage('turn', ['d', 'c', 'a']), stage('few', ['d', 'c'])], ['d', 'c']));
  assert.deepEqual(ids(filterRows(flow, 'returned', '')), ['d', 'c']);
  assert.deepEqual(ids(filterRows(flow, 'lost', '')), ['a', 'b']);
  assert.deepEqual(ids(filterRows(flow, 'dropped:1', '')), ['b']);
  assert.deepEqual(ids(filterRows(flow, 'dropped:2', '')), ['a']);
  assert.deepEqual(ids(filterRows(flow, 'rose', '')), ['d', 'c']);
  assert.deepEqual(ids(filterRows(flow, 'fell', '')), ['a']);
  assert.deepEqual(ids(filterRows(flow, 'all', 'B')), ['b']);
  assert.deepEqual(ids(sortRows(flow.rows, 'at:0', false)), ['a', 'b', 'c', 'd']);
  assert.deepEqual(ids(sortRows(flow.rows, 'at:1', true)), ['a', 'c', 'd', 'b'], 'those that are not there come last either way');
  assert.deepEqual(ids(sortRows(flow.rows, 'document', true)), ['d', 'c', 'b', 'a']);
  assert.deepEqual(ids(sortRows(flow.rows, 'nonsense', false)), ids(flow.rows));
});

test('four lists of ten thousand', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `d${i}`);
  const flow = rankFlow(run([0, 1, 2, 3].map((i) => stage(`s${i}`, i % 2 ? [...many].reverse() : many)), many.slice(0, 10)));
  assert.equal(flow.rows.length, 10_000);
  assert.deepEqual([...flow.rows.at(-1)!.ranks].map((rank) => rank > 0), [true, true, true, true]);
});

test('documents that became rows were not dropped, and rows are no documents', () => {
  const rows = { ...stage('group', []), output_count: 2, candidates: [doc('', 2), doc('', 1)] };
  const flow = rankFlow({ status: 'completed', stages: [stage('find', ['a', 'b']), rows], results: [doc('', 2)] });
  assert.deepEqual(ids(flow.rows), ['a', 'b']);
  assert.deepEqual(fate(flow, 'b'), { kind: 'in_rows', stage: 1 });
  assert.ok(flow.boundaries[1]!.isRows);
});
