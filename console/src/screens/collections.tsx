// The collections of a namespace; one of them with its documents.
import type { VNode } from 'preact';
import { route } from '../state/route';
import { CollectionScreen } from './collections/collection';
import { CollectionTable } from './collections/table';

export default function Screen(): VNode {
  const [collection, ...document] = route.value.path;
  if (collection === undefined) return <CollectionTable />;
  return <CollectionScreen key={collection} name={collection} document={document[0] ?? null} />;
}
