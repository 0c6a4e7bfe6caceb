import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completed, lostAfter, pairRanks, rise, wordsOf, type Ranked } from '../src/state/ranks';

const list = (...ids: string[]): Ranked[] => ids.map((id, i) => ({ document_id: id, collection_id: 'c', score: 10 - i }));
const told = (a: Ranked[], b: Ranked[]) => pairRanks(a, b).map((row) => `${row.document_id}:${row.rankA ?? '-'}>${row.rankB ?? '-'}:${row.fate}`);

test('each document of both lists is there once, with both of its ranks', () => {
  assert.deepEqual(told(list('x', 'y', 'z'), list('y', 'x', 'w')),
    ['y:2>1:moved', 'x:1>2:moved', 'z:3>-:left', 'w:->3:entered']);
});

test('what left stands where it stood', () => {
  assert.deepEqual(told(list('gone', 'x', 'y'), list('x', 'y')), ['gone:1>-:left', 'x:2>1:moved', 'y:3>2:moved']);
  assert.deepEqual(told(list('x', 'y', 'gone'), list('x')), ['x:1>1:same', 'y:2>-:left', 'gone:3>-:left']);
});

test('another score at the same rank is told from no change', () => {
  const [a, b] = [list('x'), [{ document_id: 'x', collection_id: 'c', score: 3 }]];
  assert.deepEqual(told(a, b), ['x:1>1:rescored']);
  assert.deepEqual(told(a, a), ['x:1>1:same']);
});

test('one id in two collections is two documents; rows without an id are compared by place', () => {
  const a = [{ document_id: 'x', collection_id: 'c', score: 1 }, { document_id: '', collection_id: '', score: 1 }];
  const b = [{ document_id: 'x', collection_id: 'd', score: 1 }, { document_id: '', collection_id: '', score: 2 }];
  assert.deepEqual(told(a, b), ['x:1>-:left', 'x:->1:entered', ':2>2:rescored']);
});

test('every rank of either list is there once, whatever the lists', () => {
  for (let round = 0; round < 200; ++round) {
    const draw = () => list(...new Set(Array.from({ length: round % 9 }, () => `d${Math.floor(Math.random() * 9)}`)));
    const [a, b] = [draw(), draw()];
    const rows = pairRanks(a, b);
    assert.deepEqual(rows.flatMap((row) => row.rankA ?? []).sort((x, y) => x - y), a.map((_, i) => i + 1));
    assert.deepEqual(rows.flatMap((row) => row.rankB ?? []), b.map((_, i) => i + 1));
    assert.equal(new Set(rows.map((row) => row.key)).size, rows.length);
  }
});

test('a rise is positive, and unknown where a list lacks the document', () => {
  assert.equal(rise({ rankA: 7, rankB: 2 }), 5);
  assert.equal(rise({ rankA: null, rankB: 2 }), null);
});

test('the stage that lost a document is the one after the last that had it', () => {
  const boundaries = [new Set(['c/x', 'c/y']), new Set(['c/x']), new Set(['c/x'])];
  assert.equal(lostAfter(boundaries, 'c/x'), null);
  assert.equal(lostAfter(boundaries, 'c/y'), 1);
  assert.equal(lostAfter(boundaries, 'c/z'), -1);
  assert.equal(lostAfter([], 'c/z'), -1);
});

test('a row is told by its values, not by what it holds', () => {
  assert.equal(wordsOf({ document_id: '', collection_id: '', written: { group_key: 'text', count: 1, documents: [{}], score: 2, none: null } }), 'group_key text, count 1');
  assert.equal(wordsOf(undefined), '');
});

test('what is known besides completes ranks that were not recorded', () => {
  const move = (id: string, before: number | null, after: number | null) => ({ document_id: id, collection_id: 'c', rank_before: before, rank_after: after, score_before: before, score_after: after });
  const rows = completed(pairRanks(list('x', 'y'), list('x', 'z')), [move('y', 2, 40), move('z', null, 2), move('far', 70, null)]);
  assert.deepEqual(rows.map((row) => `${row.document_id}:${row.rankA ?? '-'}>${row.rankB ?? '-'}:${row.fate}`), ['x:1>1:same', 'y:2>40:moved', 'z:->2:entered', 'far:70>-:left']);
});
