// Goal: what is offered belongs to what is being written at the caret.
import assert from 'node:assert/strict';
import test from 'node:test';
import { fixedOffers, fragmentAt } from '../src/state/complete';

// The caret stands at the bar.
const at = (text: string) => fragmentAt(text.replace('|', ''), text.indexOf('|'));

test('keys and values at the caret', () => {
  assert.deepEqual(at('sta|'), { kind: 'key', key: '', typed: 'sta', from: 0, to: 3 });
  assert.deepEqual(at('web -sta|'), { kind: 'key', key: '', typed: 'sta', from: 5, to: 8 });
  assert.deepEqual(at('web status:fa|iled x'), { kind: 'value', key: 'status', typed: 'fa', from: 11, to: 17 });
  assert.deepEqual(at('status:failed,ca|'), { kind: 'value', key: 'status', typed: 'ca', from: 14, to: 16 });
  assert.deepEqual(at('team=|'), { kind: 'value', key: 'labels.team', typed: '', from: 5, to: 5 });
});

test('nothing is offered within a phrase or JSON', () => {
  assert.equal(at('"night fe|'), null);
  assert.equal(at('filters:={|'), null);
});

test('keys, labels and fixed values', () => {
  const texts = (text: string) => fixedOffers(at(text)!, ['team', 'took_by', 'odd name']).map((one) => one.text);
  assert.deepEqual(texts('to|'), ['took:', 'took_by=']);
  assert.deepEqual(texts('status:f|'), ['failed']);
  assert.ok(texts('|').length > 10);
});
