// The namespaces that the key may see.
import { signal } from '@preact/signals';
import { listNamespaces } from '../api/server';
import { key } from './session';

export const namespaces = signal<{ name: string; id?: string }[]>([]);

let loadedFor = '';

export async function loadNamespaces(): Promise<void> {
  const asked = key.value;
  // What one key may see is not shown to another.
  if (asked !== loadedFor) namespaces.value = [];
  loadedFor = asked;
  if (asked === '') return;
  await new Promise((resolve) => setTimeout(resolve, 200)); // The rows go first.
  if (asked !== key.value) return;
  try {
    const list = await listNamespaces();
    if (asked !== key.value) return;
    namespaces.value = list.results.map((one) => ({ name: one.namespace_name, id: one.namespace_id }));
  } catch {
    // The key may not list them: the one in use is typed.
  }
}
