import assert from 'node:assert/strict';
import test from 'node:test';
import { changesIn, kindOf, longText, shareOf, shortText, vectorStates, worstOf } from '../src/state/vectors';

const dense = (progress: object | null, uri = 'trawl://dense@v1/text') => ({
  type: 'dense', feature_uri: uri, dimension: 384, metric: 'cosine', model: progress && { name: 'all-MiniLM-L6-v2' }, fields: [], serving: true,
  progress: progress && { documents: 2000, with_vectors: 1960, awaited: 40, serving: true, paused: false, error: null, ...progress },
});
const of = (...features: unknown[]) => ({ features } as never);
const state = (progress: object) => vectorStates(of(dense(progress)))[0]!;

test('words, and vectors that come with the documents, are not under way', () => {
  assert.deepEqual(vectorStates(of({ type: 'bm25', feature_uri: 'x', fields: [], language: null }, dense(null))), []);
  assert.equal(worstOf([]), undefined);
  assert.equal(changesIn([of(dense(null))]), null);
});

test('what keeps vectors from coming is said only while some are awaited', () => {
  assert.equal(kindOf(state({})), 'under_way');
  assert.equal(kindOf(state({ paused: true })), 'paused');
  assert.equal(kindOf(state({ error: 'it does not answer' })), 'failing');
  assert.equal(kindOf(state({ awaited: 0, with_vectors: 2000, paused: true, error: 'old' })), 'done');
});

test('it is never all while one is awaited', () => {
  assert.equal(shareOf(state({ documents: 100_000, with_vectors: 99_999, awaited: 1 })), '99 %');
  assert.equal(shortText(state({ awaited: 0, with_vectors: 1990 })), 'all', 'some have no text');
  assert.equal(shortText(state({ paused: true })), 'paused at 98 %');
  assert.equal(shortText(state({ error: '' })), 'stuck at 98 %');
  assert.equal(shortText(state({ documents: 0, with_vectors: 0, awaited: 0 })), 'no documents');
});

test('a sentence has the numbers, and none that is nothing', () => {
  assert.equal(longText(state({ awaited: 0, with_vectors: 2000 })), 'All 2,000 documents have vectors of all-MiniLM-L6-v2.');
  assert.equal(longText(state({ awaited: 1, with_vectors: 1989 })),
    '1,989 of 2,000 documents have vectors of all-MiniLM-L6-v2, 1 waits for its own, 10 have no text to make them of.');
  assert.match(longText(state({ serving: false })), /Meaning is searched once all have theirs\.$/);
});

test('the worst is shown, and asked for again while any is awaited', () => {
  const features = of(dense({ awaited: 0 }, 'a'), dense({ paused: true }, 'b'), dense({}, 'c'), dense({ error: 'no' }, 'd'));
  assert.equal(worstOf(vectorStates(features))!.feature, 'd');
  assert.equal(changesIn([features]), 2000);
  assert.equal(changesIn([of(dense({ paused: true }))]), 2000, 'somebody else may let it go on');
  assert.equal(changesIn([of(dense({ awaited: 0 }))]), null);
});
