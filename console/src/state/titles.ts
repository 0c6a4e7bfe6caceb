// What documents are called, as of the version that a run searched. Only those in sight are asked
// for, a hundred a call.
import { effect, signal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, call, part } from '../api/client';
import { loadCollection } from './collections';
import { route } from './route';
import { key } from './session';
import { titleFields, titleIn } from './title_text';

/** Text of a document; null while it is on its way, false where there is no such document, '' where it has no text to show. */
export type Title = string | null | false;

const PER_CALL = 100;
const WAIT_MS = 50; // Rows that come in sight together are asked for together.
const KEPT = 20_000;

interface Wanted {
  collection: string;
  version: number | undefined;
  documents: Map<string, number>; // In sight, and how often.
}

const titles = new Map<string, Signal<Title>>();
const wanted = new Map<string, Wanted>();
/** Versions that are no longer kept, by `versionName`: their documents are shown as of now. */
export const goneVersions = signal<ReadonlySet<string>>(new Set());
let timer = 0;
let whose = '';
effect(() => {
  const now = JSON.stringify([key.value, route.value.namespace]);
  if (now === whose) return;
  whose = now;
  titles.clear();
  goneVersions.value = new Set();
});

export const versionName = (collection: string, version: number | undefined): string => `${collection}@${version ?? ''}`;

function titleSignal(collection: string, document: string, version: number | undefined): Signal<Title> {
  const name = `${versionName(collection, version)}/${document}`;
  let known = titles.get(name);
  if (!known) {
    if (titles.size > KEPT) titles.clear();
    titles.set(name, (known = signal<Title>(null)));
  }
  return known;
}

/** These documents as they were at a version, or, where that is no longer kept, as they are. */
export async function documentsAt(
  collection: string, version: number | undefined, documents: string[], select: string[] | undefined, signal?: AbortSignal,
): Promise<Record<string, unknown>[]> {
  const at = goneVersions.peek().has(versionName(collection, version)) ? undefined : version;
  const body = {
    filters: { field: 'document_id', operator: 'in', value: documents, case_sensitive: true }, limit: documents.length, include_total: false,
    ...(select ? { select } : {}), ...(at === undefined ? {} : { version: at }),
  };
  try {
    const list = await call<{ results: Record<string, unknown>[] }>('POST', `/v1/collections/${part(collection)}/documents/list`, { body, signal });
    return list.results;
  } catch (error) {
    if (at === undefined || !(error instanceof ApiError) || error.status !== 410) throw error;
    goneVersions.value = new Set([...goneVersions.peek(), versionName(collection, version)]);
    return documentsAt(collection, version, documents, select, signal);
  }
}

async function ask({ collection, version, documents }: Wanted): Promise<void> {
  const asker = whose;
  const fields = titleFields(await loadCollection(collection));
  const missing = [...documents.keys()].filter((id) => titleSignal(collection, id, version).peek() === null);
  for (let at = 0; at < missing.length; at += PER_CALL) {
    const some = missing.slice(at, at + PER_CALL);
    try {
      const list = await documentsAt(collection, version, some, fields);
      if (asker !== whose) return;
      const found = new Map(list.map((document) => [String(document.document_id), titleIn(document, fields)]));
      for (const id of some) titleSignal(collection, id, version).value = found.get(id) ?? false;
    } catch {
      // The collection is gone, or may not be read: ids have to do.
      if (asker !== whose) return;
      for (const id of some) titleSignal(collection, id, version).value = '';
    }
  }
}

function flush(): void {
  timer = 0;
  for (const one of wanted.values()) if (one.documents.size > 0) void ask(one);
}

/** The title of a document while it is in sight. */
export function useTitle(collection: string, document: string, version: number | undefined): Title {
  const known = titleSignal(collection, document, version);
  useEffect(() => {
    if (known.peek() !== null) return undefined;
    const name = versionName(collection, version);
    const one = wanted.get(name) ?? { collection, version, documents: new Map<string, number>() };
    wanted.set(name, one);
    one.documents.set(document, (one.documents.get(document) ?? 0) + 1);
    if (!timer) timer = window.setTimeout(flush, WAIT_MS);
    return () => {
      const left = (one.documents.get(document) ?? 1) - 1;
      if (left > 0) one.documents.set(document, left);
      else one.documents.delete(document);
    };
  }, [collection, document, version]);
  return known.value;
}
