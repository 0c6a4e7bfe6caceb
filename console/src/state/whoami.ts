// What the key in use may do, asked once a key, by the first screen that wants to know.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError } from '../api/client';
import { whoAmI } from '../api/server';
import type { WhoAmI } from '../api/schema';
import { key } from './session';

const known = signal<WhoAmI | null>(null);
let askedFor = '';
/** Whether the server has said it, or cannot. */
export const isAnswered = signal(false);

/** What the server says of the key; null until it has, and where it cannot tell. */
export function useWhoAmI(): WhoAmI | null {
  useEffect(() => {
    const asked = key.value;
    if (asked === '' || asked === askedFor) return;
    askedFor = asked;
    known.value = null;
    isAnswered.value = false;
    whoAmI().then(
      (answer) => { if (askedFor === asked) known.value = answer; },
      (error: unknown) => {
        // Asked again by the next screen, unless the server is too old to know.
        if (askedFor === asked && !(error instanceof ApiError && error.status === 404)) askedFor = '';
      }).finally(() => { if (key.value === asked) isAnswered.value = true; });
  }, [key.value]);
  return known.value;
}

const WORDS: Record<keyof WhoAmI['may'], string> = {
  read: 'look at this', write: 'change anything', delete: 'delete anything', admin: 'administer the server',
  manage_keys: 'manage keys', create_namespaces: 'make namespaces', delete_namespaces: 'delete namespaces',
  change_recording: 'change what is recorded', change_retention: 'change how long history is kept',
};

/** Why the key may not do this; undefined where it may, or where that is not known. */
export function whyNot(who: WhoAmI | null, right: keyof WhoAmI['may']): string | undefined {
  if (!who || who.may[right]) return undefined;
  const confined = who.namespace && ` in the namespace ${who.namespace.namespace_name ?? who.namespace.namespace_id} alone`;
  return `The key “${who.name}” may not ${WORDS[right]}: it has ${who.permissions.join(', ')}${confined ?? ''}.`;
}
