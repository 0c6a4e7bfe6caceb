import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Key } from '../src/api/schema';
import { changeOf, draftOf, endOf, lastDayOf, NEW_KEY, requestOf, widest } from '../src/state/keys';

const key = (part: Partial<Key> = {}): Key => ({
  key_id: 'key_1', key_hash: '', key_prefix: null, internal_id: 'key_1', user_id: 'ada@example.org', name: 'reader', description: '',
  permissions: ['read'], scopes: [], namespace_id: null, status: 'active', created_at: '2026-11-23T19:41:35.585499Z', expires_at: null,
  revoked_at: null, rate_limit_override: null, rate_limit_burst: null, weight: 100, ...part });

test('a new key asks for what was typed, and leaves the rest to the server', () => {
  assert.deepEqual(requestOf({ ...NEW_KEY, name: ' importer ', permission: 'delete', weight: '50' }), {
    name: 'importer', description: null, permissions: ['read', 'write', 'delete'], namespace_id: null, expires_at: null,
    rate_limit_override: null, rate_limit_burst: null, weight: 50 });
});

test('a form that was not touched changes nothing', () => {
  for (const one of [key(), key({ expires_at: '2099-12-31T00:00:00.000000Z' }), key({ rate_limit_override: 60, rate_limit_burst: 60 }),
    key({ rate_limit_override: 60, rate_limit_burst: 10 }), key({ rate_limit_override: 0 }), key({ permissions: ['admin'] })]) {
    assert.equal(changeOf(one, draftOf(one)), null);
  }
});

test('only what was touched is sent, and a limit with its burst', () => {
  const one = key({ rate_limit_override: 60, rate_limit_burst: 10 });
  assert.deepEqual(changeOf(one, { ...draftOf(one), name: 'other' }), { name: 'other' });
  assert.deepEqual(changeOf(one, { ...draftOf(one), requests: '120' }), { rate_limit_override: 120, rate_limit_burst: 10 });
  assert.deepEqual(changeOf(one, { ...draftOf(one), requests: '', burst: '' }), { rate_limit_override: null, rate_limit_burst: null });
  assert.deepEqual(changeOf(one, { ...draftOf(one), weight: '' }), { weight: null });
  assert.deepEqual(changeOf(one, { ...draftOf(one), permission: 'write' }), { permissions: ['read', 'write'] });
});

test('a key works through its last day', () => {
  assert.equal(lastDayOf(endOf('2027-01-31')), '2027-01-31');
  assert.equal(new Date(endOf('2027-01-31')!).getDate(), 1);
  for (const day of ['', 'soon', '2027-1-1']) assert.equal(endOf(day), null);
});

test('the widest permission includes the others', () => {
  assert.equal(widest(['read', 'admin']), 'admin');
  assert.equal(widest(['read', 'write']), 'write');
});
