// Who is signed in. The key lies in sessionStorage, or in localStorage where "keep" was ticked, and
// is sent as Authorization alone.
import { signal } from '@preact/signals';
import { onOutcome, setCaller } from '../api/client';

const KEY = 'trawl.key';

function read(storage: Storage): string | null {
  try {
    return storage.getItem(KEY);
  } catch {
    return null; // Storage is switched off.
  }
}

function write(storage: Storage, key: string | null): void {
  try {
    if (key === null) storage.removeItem(KEY);
    else storage.setItem(KEY, key);
  } catch {
    // Kept in this page alone.
  }
}

// `make run` prints a link with #key=…; it is gone before anything else runs, and also where it is
// pasted into a page that is open already.
function keyOfFragment(): string | null {
  const match = /^#key=([^&]+)(?:&(.*))?$/s.exec(location.hash);
  if (!match) return null;
  history.replaceState(null, '', location.pathname + location.search + (match[2] ? `#${match[2]}` : ''));
  try {
    return decodeURIComponent(match[1]!);
  } catch {
    return null;
  }
}

const given = keyOfFragment();
if (given) write(sessionStorage, given);

/** The key in use; empty where nobody is signed in. */
export const key = signal(given ?? read(sessionStorage) ?? read(localStorage) ?? '');
/** Whether the key in use was refused. */
export const refused = signal(false);
/** Whether the server is out of reach. */
export const offline = signal(false);

// These listeners are the first, so that the place is read from an address without the key.
for (const event of ['popstate', 'hashchange']) {
  addEventListener(event, () => {
    const next = keyOfFragment();
    if (next) signIn(next, false);
  });
}
// Who signs out in one tab is signed out in the others that had the key from there.
addEventListener('storage', (event) => {
  if (event.key === KEY && event.newValue === null && event.oldValue === key.value && key.value !== '') signOut();
});

let namespace = '';
setCaller({ key: key.value, namespace });

onOutcome((outcome) => {
  offline.value = outcome === 'unreachable';
  if (outcome === 'unauthorized') refused.value = true;
});

/** All calls from now on are about this namespace. */
export function useNamespace(name: string): void {
  namespace = name;
  setCaller({ key: key.value, namespace });
}

export function signIn(next: string, keep: boolean): void {
  write(sessionStorage, next);
  write(localStorage, keep ? next : null);
  setCaller({ key: next, namespace });
  key.value = next;
  refused.value = false;
}

/** Forgets the key and everything else that the page kept in this browser. */
export function signOut(): void {
  for (const storage of [sessionStorage, localStorage]) {
    try {
      for (const name of Object.keys(storage)) if (name.startsWith('trawl.')) storage.removeItem(name);
    } catch {
      // Nothing was kept.
    }
  }
  setCaller({ key: '', namespace });
  key.value = '';
  refused.value = false;
}
