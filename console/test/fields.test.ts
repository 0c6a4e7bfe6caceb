import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellText, fieldsOf, pathOf, usualColumns, valueAt } from '../src/state/fields';

const DOCUMENTS = [
  { document_id: 'a', collection_id: 'c', title: 'Typee', year: 1846, tags: ['sea', 'islands'], author: { name: 'Melville', born: 1819 } },
  { document_id: 'b', collection_id: 'c', title: 'Omoo', year: null, tags: [], author: { name: 'Melville' }, copies: [{ place: 'Berlin' }, { place: 'Lima' }] },
  { document_id: 'c', collection_id: 'c', title: 7, year: '1849', text: 'x'.repeat(500) },
];

test('fields are those of all documents, by the paths that filters take', () => {
  assert.deepEqual(fieldsOf(DOCUMENTS).map(({ path, type, isList }) => [path, type, isList]), [
    ['title', 'mixed', false], ['year', 'mixed', false], ['tags', 'text', true], ['author.name', 'text', false],
    ['author.born', 'number', false], ['copies.place', 'text', true], ['text', 'text', false],
  ]);
});

test('documents without an end have an end here', () => {
  let deep: Record<string, unknown> = { end: 1 };
  for (let level = 0; level < 50; ++level) deep = { deep };
  assert.deepEqual(fieldsOf([deep]), []);
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f${i}`, i]));
  assert.equal(fieldsOf([wide]).length, 200);
});

test('what is searched comes first, and long texts are no columns', () => {
  const fields = fieldsOf(DOCUMENTS);
  assert.deepEqual(usualColumns(fields, ['text', 'author.name', 'missing'], 3), ['author.name', 'title', 'year']);
});

test('a path reads as the server reads it', () => {
  assert.equal(valueAt(DOCUMENTS[0], 'author.name'), 'Melville');
  assert.equal(valueAt(DOCUMENTS[0], 'tags.1'), 'islands');
  assert.deepEqual(valueAt(DOCUMENTS[1], 'copies.place'), ['Berlin', 'Lima']);
  assert.equal(valueAt(DOCUMENTS[1], 'copies.0.place'), 'Berlin');
  assert.equal(valueAt({ a: { 'b.c': 1 } }, 'a.b.c'), 1);
  // The longest key that leads on comes first.
  assert.equal(valueAt({ 'a.b': { c: 2 }, a: { b: { c: 3 } } }, 'a.b.c'), 2);
  assert.equal(valueAt({ a: null }, 'a.b'), undefined);
  assert.equal(valueAt({ constructor: 1 }, 'toString'), undefined);
});

test('a cell is one short text', () => {
  assert.equal(cellText(['a', 'b']), 'a, b');
  assert.equal(cellText([{ a: 1 }]), '[{"a":1}]');
  assert.equal(cellText(null), '');
  assert.equal(cellText('x'.repeat(1_000_000)).length, 201);
  assert.equal(pathOf(['copies', 0, 'place']), 'copies.place');
});
