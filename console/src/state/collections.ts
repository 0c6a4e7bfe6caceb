// The collections of the namespace: their names and present versions, asked for once a while.
import { effect, signal } from '@preact/signals';
import { call, part } from '../api/client';
import type { Collection } from '../api/schema';
import { route } from './route';
import { key } from './session';

/** A collection, null where it is on its way, false where there is none or it may not be read. */
export type Known = Collection | null | false;

const FRESH_MS = 30_000;
const known = signal<Record<string, { value: Known; at: number; asked: Promise<Known> }>>({});

// What one key or namespace saw is shown to no other.
let whose = '';
effect(() => {
  const now = JSON.stringify([key.value, route.value.namespace]);
  if (now === whose) return;
  whose = now;
  known.value = {};
});

/** What is known of a collection by its id or name; asks where nothing is. To be called while drawing. */
export function collectionOf(id: string): Known {
  const entry = known.value[id];
  if (!entry || Date.now() - entry.at > FRESH_MS) queueMicrotask(() => ask(id));
  return entry?.value ?? null;
}

function ask(id: string): void {
  void loadCollection(id);
}

/** The same, once it is there. */
export function loadCollection(id: string): Promise<Known> {
  const entry = known.peek()[id];
  if (entry && Date.now() - entry.at <= FRESH_MS) return entry.asked;
  const asker = whose;
  const put = (value: Known) => {
    if (asker === whose) known.value = { ...known.peek(), [id]: { value, at: Date.now(), asked } };
    return value;
  };
  const asked: Promise<Known> = call<Collection>('GET', `/v1/collections/${part(id)}`).then(put, () => put(false));
  known.value = { ...known.peek(), [id]: { value: entry?.value ?? null, at: Date.now(), asked } };
  return asked;
}

/** Its name, or the id while that is not known. */
export function collectionName(id: string): string {
  const found = collectionOf(id);
  return found ? found.collection_name : id;
}
