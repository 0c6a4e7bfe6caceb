// What a document is, or was, called, beside its id.
import type { VNode } from 'preact';
import { useTitle } from '../state/titles';

export function Title({ collection, document, version }: { collection: string; document: string; version?: number | undefined }): VNode | null {
  const title = useTitle(collection, document, version);
  if (title === null) return <span class="soft" aria-hidden="true">…</span>;
  if (title === false) return <span class="soft">no document of the collection</span>;
  return title ? <span class="soft" title={title}><bdi>{title}</bdi></span> : null;
}
