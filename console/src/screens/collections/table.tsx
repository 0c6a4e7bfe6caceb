// All collections: how many documents, what is searched, which older versions can be replayed.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { listCollections } from '../../api/collections';
import type { Collection } from '../../api/schema';
import { serverRoot } from '../../api/client';
import { CopyButton } from '../../parts/copy';
import { Grid, type Column } from '../../parts/grid';
import { Empty, ErrorBox, Skeleton } from '../../parts/states';
import { bytes, count, longTime, plural, shortTime } from '../../state/format';
import { useEvery } from '../../state/every';
import { usePages } from '../../state/pages';
import { preferences } from '../../state/preferences';
import { go, href, route, withParams } from '../../state/route';
import { changesIn } from '../../state/vectors';
import { VectorsInAWord } from './vectors';

/** What is searched: the fields that features name, or every text. */
export function searchedText(collection: Collection): string {
  const isAny = collection.features.some((feature) => feature.fields.length === 0 && (feature.type === 'bm25' || feature.model !== null));
  return isAny ? 'every text' : searchedFields(collection).join(', ');
}

export const searchedFields = (collection: Collection): string[] =>
  [...new Set(collection.features.flatMap((feature) => feature.fields.map(({ path }) => path)))];

const columns = (namespace: string): Column<Collection>[] => [
  { name: 'name', title: 'Collection', width: 'minmax(9rem, 1.2fr)',
    cell: (one) => <a href={href(namespace, 'collections', [one.collection_name])}><bdi>{one.collection_name}</bdi></a> },
  { name: 'documents', title: 'Documents', width: '7.5rem', align: 'end', cell: (one) => count(one.document_count) },
  { name: 'searched', title: 'Searched fields', width: 'minmax(10rem, 2fr)',
    cell: (one) => <bdi>{searchedText(one) || <span class="soft">none: filters and sorts only</span>}</bdi> },
  { name: 'vectors', title: 'Vectors', width: '9.5rem', cell: (one) => <VectorsInAWord of={one} />,
    help: 'How many documents have the vectors that a model makes, by which they are found by meaning' },
  { name: 'version', title: 'Version', width: '6rem', align: 'end', cell: (one) => count(one.version),
    help: 'Grows with each write' },
  { name: 'older', title: 'Older versions kept', width: 'minmax(11rem, 1fr)', cell: (one) => <Older of={one} />,
    help: 'Runs since then can be replayed over the documents that they searched' },
  { name: 'created', title: 'Created', width: '9rem', cell: (one) => <span title={longTime(one.created_at)}>{shortTime(one.created_at)}</span> },
];

function Older({ of }: { of: Collection }): VNode {
  const older = of.older_versions;
  if (!older) return <span class="soft">–</span>;
  return (
    <span title={`Since ${longTime(older.since)}; about ${bytes(older.superseded_bytes)} for documents that were replaced or deleted`}>
      since {shortTime(older.since)}{older.superseded_documents > 0 && <span class="soft">, {bytes(older.superseded_bytes)}</span>}
    </span>);
}

export function CollectionTable(): VNode {
  const { namespace, params } = route.value;
  const search = params.get('search') ?? '';
  const [cursor, setCursor] = useState<string | null>(null);
  const pages = usePages<Collection, number>(`${namespace} ${search}`, async (next, signal) => {
    const answer = await listCollections({ search: search || null }, { limit: preferences.value.pageSize, cursor: next }, signal);
    return { rows: answer.results, next: answer.pagination.next_cursor, about: answer.total_count };
  });
  // While vectors are made, the rows in hand are read again.
  const question = `${namespace} ${search}`;
  const [newer, setNewer] = useState<{ of: string; by: Map<string, Collection> }>({ of: '', by: new Map() });
  const rows = newer.of === question ? pages.rows.map((one) => newer.by.get(one.collection_id) ?? one) : pages.rows;
  useEvery(changesIn(rows), async (signal) => {
    const { results } = await listCollections({ search: search || null }, { limit: Math.min(1000, rows.length) }, signal);
    setNewer({ of: question, by: new Map(results.map((one) => [one.collection_id, one])) });
  });
  const isEmpty = pages.about !== null && !pages.isOld && pages.rows.length === 0;
  return (
    <>
      <div class="line">
        <h1>Collections</h1>
        <span class="spring" />
        <input type="search" aria-label="Find a collection" placeholder="Find a collection" value={search}
          onInput={(event) => go(withParams({ search: event.currentTarget.value || null }), 'replace')} />
      </div>
      <p class="soft" role="status">{pages.about !== null && plural(pages.about, 'collection', 'collections')}</p>
      {pages.error && <ErrorBox error={pages.error} onRetry={pages.reload} />}
      {pages.about === null && !pages.error && <Skeleton />}
      {isEmpty && (search ? (
        <Empty title={<>No collection has “<bdi>{search}</bdi>” in its name or description</>}>
          <button type="button" onClick={() => go(withParams({ search: null }))}>Show all</button>
        </Empty>) : <NoneYet namespace={namespace} />)}
      {pages.rows.length > 0 && (
        <div class="collection-table"><Grid label="Collections" columns={columns(namespace)} rows={rows} idOf={(one) => one.collection_id} total={pages.about ?? -1}
          cursor={cursor} onCursor={setCursor} dim={pages.isOld} onNearEnd={pages.more}
          onOpen={(one) => go(href(namespace, 'collections', [one.collection_name]))} /></div>)}
    </>);
}

function NoneYet({ namespace }: { namespace: string }): VNode {
  const root = serverRoot();
  const headers = `-H "Authorization: Bearer $TRAWL_API_KEY" -H 'X-Namespace: ${namespace}'`;
  const make = `curl ${root}v1/collections ${headers} \\\n  -d '{"collection_name": "books", "features": [{"fields": ["title", "text"]}]}'`;
  return (
    <Empty title="No collections yet">
      <p>A collection holds documents, and says which of their fields are searched by words. This makes one, which documents
        can then be imported into from its page:</p>
      <pre>{make}</pre>
      <CopyButton text={make} label="Copy" />
    </Empty>);
}
