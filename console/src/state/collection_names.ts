// The names of collections by their ids: executions hold ids, people know names.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { listCollections } from '../api/collections';
import { painted } from './painted';
import { route } from './route';
import { key } from './session';

const known = signal<{ of: string; names: Map<string, string> }>({ of: '', names: new Map() });
let asked = '';

/** Gives the name of a collection, or its id where the name is not known (yet). */
export function useCollectionNames(isWanted: boolean): (id: string) => string {
  const of = JSON.stringify([route.value.namespace, key.value]);
  useEffect(() => {
    if (!isWanted || asked === of) return;
    asked = of;
    painted.then(() => listCollections({}, { limit: 1000 })).then(
      (list) => { if (asked === of) known.value = { of, names: new Map(list.results.map((one) => [one.collection_id, one.collection_name])) }; },
      () => { if (asked === of) asked = ''; });
  }, [of, isWanted]);
  const { of: knownOf, names } = known.value;
  return (id) => (knownOf === of ? names.get(id) : undefined) ?? id;
}
