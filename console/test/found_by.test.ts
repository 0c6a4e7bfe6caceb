import assert from 'node:assert/strict';
import test from 'node:test';
import { choices, disagree, foundBy, foundByText, isFoundBy, partsOf, searchesOf, severalSearches, type Part } from '../src/state/found_by';

const WORDS = { feature_uri: 'trawl://bm25@v1/text', candidates: 200, top_score: 7.5 };
const MEANING = { feature_uri: 'trawl://dense@v1/text', candidates: 100, top_score: 0.8, documents: 2000, with_vectors: 1990 };
const metadata = { searches: [WORDS, MEANING] };
const part = (search: number, rank: number): Part => ({ search, rank, score: 1 / rank });

test('searches are told apart by whether they looked at vectors', () => {
  const [words, meaning] = searchesOf({ metadata });
  assert.deepEqual([words!.title, words!.place, words!.vectors], ['words', 0, null]);
  assert.deepEqual([meaning!.title, meaning!.place, meaning!.vectors], ['meaning', 1, { documents: 2000, withVectors: 1990 }]);
  assert.deepEqual(searchesOf({ metadata: { searches: [WORDS, MEANING, WORDS] } }).map(({ title }) => title), ['words 1', 'meaning', 'words 2']);
});

test('one that was left out does not shift those behind it', () => {
  const searches = searchesOf({ metadata: { searches: [{ ...MEANING, search: 1 }, { ...WORDS, search: 2 }] } });
  assert.deepEqual(searches.map(({ place }) => place), [1, 2]);
  assert.equal(foundBy([part(2, 1)], searches), 'only:2');
});

test('records of other programs may hold anything', () => {
  for (const said of [undefined, null, 7, 'searches', {}, [null, 3, 'x'], [{ feature_uri: {}, candidates: 'many', top_score: Number.NaN }]]) {
    for (const { title, candidates } of searchesOf({ metadata: { searches: said } })) assert.deepEqual([title, candidates], ['words', 0]);
  }
  assert.deepEqual(searchesOf({} as never), []);
  assert.deepEqual(partsOf({ searches: 'all' as never }), []);
  assert.deepEqual(partsOf({ searches: [{}, { search: 1, rank: 2 }] }), [{ search: 1, rank: 2, score: null }]);
  assert.equal(severalSearches({ metadata, candidates: [{ document_id: 'a', collection_id: 'c', score: 1 }] }).length, 0);
});

test('what found a document', () => {
  const searches = searchesOf({ metadata });
  assert.equal(foundBy([part(0, 1), part(1, 9)], searches), 'all');
  assert.equal(foundBy([part(1, 9)], searches), 'only:1');
  assert.equal(foundBy([], searches), null);
  assert.deepEqual(foundByText('all', searches), { sign: '●', title: 'both' });
  assert.deepEqual(foundByText('only:1', searches), { sign: '◑', title: 'meaning only' });
  const three = searchesOf({ metadata: { searches: [WORDS, MEANING, MEANING] } });
  assert.equal(foundBy([part(0, 1), part(2, 9)], three), 'some');
  assert.deepEqual(foundByText('all', three), { sign: '●', title: 'all 3' });
});

test('searches disagree about what only one of them has near its top', () => {
  const searches = searchesOf({ metadata });
  assert.equal(disagree([part(0, 120), part(1, 3)], searches), true);
  assert.equal(disagree([part(1, 3)], searches), true);
  assert.equal(disagree([part(0, 30), part(1, 3)], searches), false);
  assert.equal(disagree([part(0, 53), part(1, 3)], searches), true);
  assert.equal(disagree([part(0, 11)], searches), false);
  assert.equal(disagree([], searches), false);
  assert.equal(disagree([part(0, 1)], searchesOf({ metadata: { searches: [WORDS, { ...MEANING, candidates: 0 }] } })), false);
});

test('what can be chosen has the numbers of what is then shown', () => {
  const searches = searchesOf({ metadata });
  const documents = [[part(0, 1), part(1, 2)], [part(0, 2)], [part(0, 40)], [part(1, 1)], []];
  const offered = choices(documents, searches, null);
  assert.deepEqual(offered.map(({ title, count }) => [title, count]), [['both', 1], ['words only', 2], ['meaning only', 1], ['far apart', 2]]);
  for (const { name, count } of offered) assert.equal(documents.filter((parts) => isFoundBy(name, parts, searches)).length, count);
  assert.deepEqual(choices([], searches, 'apart').map(({ title }) => title), ['far apart'], 'what is chosen can be left');
});
