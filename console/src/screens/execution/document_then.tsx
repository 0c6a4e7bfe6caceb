// A document as the run saw it, and what of it has changed since.
import type { VNode } from 'preact';
import { JsonTree } from '../../parts/json_tree';
import { ErrorBox, Skeleton } from '../../parts/states';
import { collectionOf } from '../../state/collections';
import { changedMembers } from '../../state/changed';
import { count } from '../../state/format';
import { useLoad } from '../../state/load';
import { route } from '../../state/route';
import { versionOf, type Run } from '../../state/run';
import { documentsAt, goneVersions, versionName } from '../../state/titles';

export function DocumentThen({ run, collection, document }: { run: Run | null; collection: string; document: string }): VNode {
  const known = collectionOf(collection);
  const version = run && known ? versionOf(run, known.collection_id) : undefined;
  const isOlder = version !== undefined && known && known.version !== version;
  // Asked as lists, since it is no error that there is none.
  const asked = useLoad(known === null ? null : `${route.value.namespace}/${collection}/${document}/${isOlder ? version : ''}`, async (signal) => {
    const [then, now] = await Promise.all([
      documentsAt(collection, isOlder ? version : undefined, [document], undefined, signal),
      isOlder ? documentsAt(collection, undefined, [document], undefined, signal) : null]);
    return { then: then[0] ?? null, now: now ? now[0] ?? null : undefined };
  });
  const isGone = isOlder && goneVersions.value.has(versionName(collection, version));
  return (
    <details open>
      <summary>The document{isGone ? <span class="warn"> as of now: its version {count(version)} is no longer kept</span>
        : isOlder ? <span class="soft"> as it was searched, at version {count(version)}</span> : null}</summary>
      {asked.error ? <ErrorBox error={asked.error} onRetry={asked.reload} />
        : asked.data === null || asked.isOld ? <Skeleton lines={4} />
          : <Shown {...asked.data} isGone={isGone === true} />}
    </details>);
}

function Shown({ then, now, isGone }: { then: Record<string, unknown> | null; now: Record<string, unknown> | null | undefined; isGone: boolean }): VNode {
  if (then === null) {
    return <p class="soft">{now ? 'The collection did not have it then; it has now.' : 'The collection had no such document: a stage made it, or it was never there.'}</p>;
  }
  const { _internal: _, ...content } = then;
  const changes = now && !isGone ? changedMembers(then, now) : [];
  return (
    <>
      {now === null && !isGone && <p class="warn">It was deleted since.</p>}
      {changes.length > 0 && (
        <div class="warn">Changed since:
          <ul>{changes.map(({ name, before, after }) => <li key={name}><bdi>{name}</bdi>: <bdi>{before}</bdi> → <bdi>{after}</bdi></li>)}</ul>
        </div>)}
      <JsonTree value={content} open={1} />
    </>);
}
