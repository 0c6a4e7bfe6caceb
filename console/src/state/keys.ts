// The form of a key: what is typed, and the request that it means.
import type { Key, KeyChange, KeyRequest } from '../api/schema';

export const PERMISSIONS = ['read', 'write', 'delete', 'admin'] as const;
export type Permission = (typeof PERMISSIONS)[number];

export interface KeyDraft {
  name: string;
  description: string;
  permission: Permission; // With all before it.
  namespace: string; // Empty: all.
  lastDay: string; // "2027-01-31", of this browser's time zone; empty: it does not end.
  requests: string; // A minute; empty: as the server gives to all.
  burst: string;
  weight: string;
}

export const NEW_KEY: KeyDraft = {
  name: '', description: '', permission: 'read', namespace: '', lastDay: '', requests: '', burst: '', weight: '',
};

/** The widest permission, which includes the others. */
export function widest(permissions: readonly Permission[]): Permission {
  return PERMISSIONS.findLast((one) => permissions.includes(one)) ?? 'read';
}

const two = (value: number) => String(value).padStart(2, '0');

/** The last day on which a key works that ends at this instant. */
export function lastDayOf(instant: string | null): string {
  if (instant === null) return '';
  const date = new Date(Date.parse(instant) - 1);
  return Number.isNaN(date.getTime()) ? '' : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The instant at which this day ends. */
export function endOf(day: string): string | null {
  const match = /^(\d{4,6})-(\d\d)-(\d\d)$/.exec(day);
  if (!match) return null;
  const end = new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3]) + 1);
  return Number.isNaN(end.getTime()) ? null : end.toISOString();
}

export function draftOf(key: Key): KeyDraft {
  const text = (value: number | null) => (value === null ? '' : String(value));
  // The burst is told also where it is but a minute's worth.
  const burst = key.rate_limit_burst === key.rate_limit_override ? null : key.rate_limit_burst;
  return {
    name: key.name, description: key.description, permission: widest(key.permissions), namespace: key.namespace_id ?? '',
    lastDay: lastDayOf(key.expires_at), requests: text(key.rate_limit_override), burst: text(burst), weight: text(key.weight),
  };
}

// What is no number is sent as it is: the server says what is wrong with it.
const number = (text: string): number | null => {
  const typed = text.trim();
  if (typed === '') return null;
  return /^-?\d+$/.test(typed) ? Number(typed) : (typed as unknown as number);
};
const upTo = (permission: Permission) => PERMISSIONS.slice(0, PERMISSIONS.indexOf(permission) + 1);

export function requestOf(draft: KeyDraft): KeyRequest {
  return {
    name: draft.name.trim(), description: draft.description.trim() || null, permissions: upTo(draft.permission),
    namespace_id: draft.namespace || null, expires_at: endOf(draft.lastDay),
    rate_limit_override: number(draft.requests), rate_limit_burst: number(draft.burst), weight: number(draft.weight),
  };
}

/** What differs from the key as it is; null where nothing does. */
export function changeOf(key: Key, draft: KeyDraft): KeyChange | null {
  const before = draftOf(key);
  const change: KeyChange = {};
  const wanted = requestOf(draft);
  if (draft.name.trim() !== before.name) change.name = wanted.name;
  if (draft.description.trim() !== before.description) change.description = draft.description.trim();
  if (draft.permission !== before.permission) change.permissions = wanted.permissions;
  if (draft.lastDay !== before.lastDay) change.expires_at = wanted.expires_at;
  if (draft.requests.trim() !== before.requests || draft.burst.trim() !== before.burst) {
    // A limit that is given anew forgets its burst, so both are sent.
    change.rate_limit_override = wanted.rate_limit_override;
    change.rate_limit_burst = wanted.rate_limit_burst;
  }
  if (draft.weight.trim() !== before.weight) change.weight = wanted.weight;
  return Object.keys(change).length > 0 ? change : null;
}
