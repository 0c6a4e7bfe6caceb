// The API keys of a user. All of it needs the permission admin, and a key that is not confined to
// one namespace.
import { call, part } from './client';
import type { Done, Key, KeyChange, KeyList, KeyRequest, NewKey } from './schema';

const of = (user: string) => `/v1/organizations/users/${part(user)}/api-keys`;

export function listKeys(user: string, includeRevoked: boolean, signal?: AbortSignal): Promise<KeyList> {
  return call('GET', of(user), { query: { limit: 1000, include_revoked: includeRevoked || undefined }, signal, namespace: null });
}

/** The reply holds the secret, which the server does not keep. */
export function createKey(user: string, body: KeyRequest): Promise<NewKey> {
  return call('POST', of(user), { body, namespace: null });
}

export function changeKey(user: string, id: string, body: KeyChange): Promise<Key> {
  return call('PATCH', `${of(user)}/${part(id)}`, { body, namespace: null });
}

export function revokeKey(user: string, id: string): Promise<Done> {
  return call('DELETE', `${of(user)}/${part(id)}`, { namespace: null });
}
