// What this server knows of pipelines, gathered for the editor: its stages, the description of its
// API, its collections, and the fields that some of their documents have.
import { effect, signal } from '@preact/signals';
import { listCollections, listDocuments } from '../api/collections';
import { describeApi } from '../api/execute';
import type { Collection } from '../api/schema';
import { listStages } from '../api/server';
import { fieldsOf } from './fields';
import type { JsonSchema, Knowledge } from './pipeline_help';
import { route } from './route';
import { key } from './session';

const SAMPLE = 25; // Documents of a collection that are looked at for its fields.
const FIRST = 3; // Collections that are looked at before the pipeline names any.

export const knowledge = signal<Knowledge>({ stages: [], schemas: {}, collections: [] });
const listed = signal<Collection[]>([]);
const asked = new Set<string>();

// What one key or namespace saw is shown to no other.
let whose = '';
effect(() => {
  const now = JSON.stringify([key.value, route.value.namespace]);
  if (now === whose) return;
  whose = now;
  asked.clear();
  listed.value = [];
  knowledge.value = { ...knowledge.peek(), collections: [] };
});

/** Learns what it can; what may not be read is not known, and nothing else is the worse for it. */
export async function learn(): Promise<Collection[]> {
  const asker = whose;
  const tell = (some: Partial<Knowledge>) => { if (asker === whose) knowledge.value = { ...knowledge.peek(), ...some }; };
  const stages = knowledge.peek().stages.length > 0 ? null : listStages().then((all) => tell({ stages: all }));
  const schemas = Object.keys(knowledge.peek().schemas).length > 0 ? null
    : describeApi().then((api) => tell({ schemas: api.components.schemas as Record<string, JsonSchema> }));
  const collections = listCollections({}, { limit: 200 }).then(({ results }) => {
    if (asker !== whose) return;
    listed.value = results;
    tell({ collections: results.map((one) => ({
      name: one.collection_name, features: one.features.map(({ feature_uri }) => feature_uri),
      fields: one.features.flatMap(({ fields }) => fields.map(({ path }) => path)) })) });
    for (const one of results.slice(0, FIRST)) void learnFields(one.collection_name);
  });
  await Promise.allSettled([stages, schemas, collections]);
  return listed.peek();
}

/** Learns the fields of a collection, once. */
export async function learnFields(name: string): Promise<void> {
  const asker = whose;
  if (asked.has(name) || !listed.peek().some((one) => one.collection_name === name)) return;
  asked.add(name);
  try {
    const { results } = await listDocuments(name, {}, { limit: SAMPLE });
    if (asker !== whose) return;
    const found = fieldsOf(results).map(({ path }) => path);
    const all = knowledge.peek();
    knowledge.value = { ...all, collections: all.collections.map((one) => (
      one.name === name ? { ...one, fields: [...new Set([...one.fields, ...found, 'document_id'])] } : one)) };
  } catch {
    // May not be read: its fields are those that its features name.
  }
}
