import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesText, isSame, moved, parseBytes, recordingDraft, recordingPolicy, retentionDraft, retentionPolicy, ruleBy, statusTwice } from '../src/state/policies';

test('a policy that is shown and not changed is the same policy', () => {
  const recording = { mode: 'full' as const, redact: [
    { field: 'user.email', action: 'hash' as const }, { field: 'password', action: 'drop' as const }, { pattern: '[0-9]{4}', action: 'mask' as const }] };
  assert.ok(isSame(recordingPolicy(recordingDraft(recording)), recording));
  const retention = { max_age: '30d', max_count: 1_000_000, max_bytes: 10_000_000_001, by_status: { failed: '90d', timed_out: '7d' } };
  assert.ok(isSame(retentionPolicy(retentionDraft(retention)), retention));
  assert.deepEqual(retentionPolicy(retentionDraft({})), {});
});

test('a rule by pattern drops nothing', () => {
  const [rule] = recordingDraft({ mode: 'full', redact: [{ field: 'password', action: 'drop' }] }).rules;
  assert.equal(ruleBy(rule!, 'pattern').action, 'mask');
  assert.equal(ruleBy(rule!, 'field').action, 'drop');
});

test('bytes are read as they are written', () => {
  for (const value of [1, 999, 1000, 1500, 2_000_000, 1_500_000_000, 10_000_000_000, 123_456_789]) assert.equal(parseBytes(bytesText(value)), value);
  assert.equal(bytesText(10_000_000_000), '10 GB');
  for (const [text, value] of [['10GB', 1e10], ['1.5 mb', 1.5e6], ['2000', 2000], ['3 k', 3000], [' 7 bytes ', 7]] as const) assert.equal(parseBytes(text), value);
  for (const text of ['', '10 XB', 'GB', '-1', '1e9', '1,5 GB', '99999 PB']) assert.equal(parseBytes(text), null, text);
});

test('what is no number goes to the server as it was typed', () => {
  const draft = { maxAge: ' 1x ', maxCount: 'many', maxBytes: '10 XB', byStatus: [] };
  assert.deepEqual(retentionPolicy(draft), { max_age: '1x', max_count: 'many', max_bytes: '10 XB' });
});

test('a status that stands twice is told rather than lost', () => {
  const row = (id: number, status: string) => ({ id, status, age: '1d' });
  const draft = { maxAge: '', maxCount: '', maxBytes: '', byStatus: [row(1, 'failed'), row(2, ' failed ')] };
  assert.equal(statusTwice(draft), 'failed');
  assert.equal(statusTwice({ ...draft, byStatus: [row(1, 'failed'), row(2, 'completed')] }), null);
});

test('rules are moved within their list', () => {
  assert.deepEqual(moved([1, 2, 3], 2, 0), [3, 1, 2]);
  assert.deepEqual(moved([1, 2, 3], 0, 1), [2, 1, 3]);
  assert.deepEqual(moved([1], 0, -1), [1]);
});

test('two policies are the same whatever the order of their members', () => {
  assert.ok(isSame({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 }));
  assert.ok(!isSame({ a: [1, 2] }, { a: [2, 1] }));
  assert.ok(!isSame({ a: 1 }, { a: 1, b: 2 }));
  assert.ok(!isSame([], {}));
});
