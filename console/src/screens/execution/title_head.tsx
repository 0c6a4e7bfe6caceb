// The head of a column of titles: of then, unless that is no longer kept.
import type { VNode } from 'preact';
import { collectionOf } from '../../state/collections';
import type { Run } from '../../state/run';
import { goneVersions, versionName } from '../../state/titles';

export function TitleHead({ run }: { run: Run }): VNode {
  const isOfNow = run.collection_versions.some(({ collection_id: id, version }) => {
    const known = collectionOf(id);
    return goneVersions.value.has(versionName(id, version)) && known && known.version !== version;
  });
  return <>Title{isOfNow && <span class="warn"> (of now, not of then)</span>}</>;
}
