// One collection: what it is, its documents by words, filters and order, and one of them beside.
import type { VNode } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../api/client';
import { deleteCollection, getCollection, listDocuments, type DocumentPage, type Listed } from '../../api/collections';
import type { Collection } from '../../api/schema';
import { Copy } from '../../parts/copy';
import { Confirm } from '../../parts/dialog';
import { Grid, type Column } from '../../parts/grid';
import { Menu } from '../../parts/menu';
import { Empty, ErrorBox, Note, Skeleton } from '../../parts/states';
import { withCondition, type Condition } from '../../state/conditions';
import { cellText, fieldsOf, usualColumns, valueAt, type Field } from '../../state/fields';
import { bytes, count, longTime, plural, shortTime } from '../../state/format';
import { useEvery } from '../../state/every';
import { useShortcuts } from '../../state/keyboard';
import { asApiError, useLoad } from '../../state/load';
import { usePages } from '../../state/pages';
import { preferences } from '../../state/preferences';
import { go, href, route, withParams } from '../../state/route';
import { changesIn, vectorStates } from '../../state/vectors';
import { useWhoAmI, whyNot } from '../../state/whoami';
import { DocumentPane } from './document';
import { Fields } from './fields';
import { Import } from './import';
import { SearchBar } from './search';
import { searchedFields, searchedText } from './table';
import { VectorsInAWord, VectorsUnderWay } from './vectors';

/** What the place asks of the documents. */
export interface Query {
  search: string;
  filters: Record<string, unknown> | null;
  sort: string | null; // "field" or "-field".
  version: number | null; // Of the collection; null: the newest.
  damaged: string | null; // What of the place could not be read.
}

export function queryOf(params: URLSearchParams): Query {
  const query: Query = { search: params.get('search') ?? '', filters: null, sort: params.get('sort'), version: null, damaged: null };
  const filters = params.get('filters');
  if (filters) {
    try {
      const read: unknown = JSON.parse(filters);
      if (read !== null && typeof read === 'object' && !Array.isArray(read)) query.filters = read as Record<string, unknown>;
      else query.damaged = 'filters';
    } catch {
      query.damaged = 'filters';
    }
  }
  const version = params.get('version');
  if (version !== null) {
    if (/^\d{1,15}$/.test(version)) query.version = Number(version);
    else query.damaged = 'version';
  }
  return query;
}

/** How words are stemmed, in a word. */
function wordsOf(language: string | null): string {
  if (!language) return 'words as they are written';
  return language === 'auto' ? 'words in the language of each text' : `words in ${language}`;
}

export function CollectionScreen({ name, document }: { name: string; document: string | null }): VNode {
  const { namespace, params } = route.value;
  const collection = useLoad(`${namespace} ${name}`, (signal) => getCollection(name, signal));
  useEvery(collection.data ? changesIn([collection.data]) : null, async () => collection.reload());
  const who = useWhoAmI();
  const [dialog, setDialog] = useState<'import' | 'delete' | null>(null);
  const [file, setFile] = useState<File | null>(null);
  const [round, setRound] = useState(0); // Another after each write: everything is asked again.
  const changed = () => {
    setRound(round + 1);
    collection.reload();
  };
  const mayWrite = whyNot(who, 'write');
  const mayDelete = whyNot(who, 'delete');

  if (collection.error && collection.data === null) {
    return (
      <>
        <Crumbs namespace={namespace} name={name} />
        <ErrorBox error={collection.error} onRetry={collection.reload}>
          {collection.error.status === 404 && <p><a href={href(namespace, 'collections')}>The collections that there are</a></p>}
        </ErrorBox>
      </>);
  }
  const data = collection.data;
  return (
    <div class="collection" onDragOver={(event) => { if (!mayWrite && event.dataTransfer?.types.includes('Files')) event.preventDefault(); }}
      onDrop={(event) => {
        const dropped = event.dataTransfer?.files[0];
        if (!dropped || mayWrite) return;
        event.preventDefault();
        setFile(dropped);
        setDialog('import');
      }}>
      <div class="line">
        <Crumbs namespace={namespace} name={name} />
        <span class="spring" />
        <button type="button" disabled={mayWrite !== undefined} title={mayWrite ?? 'Or drop a file of JSON lines anywhere here'}
          onClick={() => { setFile(null); setDialog('import'); }}>Import …</button>
        <Menu label="More" title="More about this collection" align="end" items={[
          { label: 'Runs that searched it', href: href(namespace, 'executions', [], { collection_ids: name }) },
          { label: 'Its figures', href: href(namespace, 'stats', [], { collection_ids: name }) },
          { label: 'Delete the collection …', separated: true, run: () => setDialog('delete'), ...(mayDelete ? { disabled: mayDelete } : {}) },
        ]} />
      </div>
      {data ? <About collection={data} /> : <Skeleton lines={2} />}
      {data && <VectorsUnderWay of={data} />}
      {data && <Documents collection={data} name={name} round={round} params={params} document={document} onChanged={changed} />}
      {dialog === 'import' && <Import collection={name} file={file} onClose={() => setDialog(null)} onDone={changed} />}
      {dialog === 'delete' && data && <DeleteCollection collection={data} onClose={() => setDialog(null)} />}
    </div>);
}

function Crumbs({ namespace, name }: { namespace: string; name: string }): VNode {
  return (
    <h1 class="crumbs">
      <a href={href(namespace, 'collections')}>Collections</a> <span aria-hidden="true">›</span> <bdi>{name}</bdi>
    </h1>);
}

function About({ collection }: { collection: Collection }): VNode {
  const older = collection.older_versions;
  return (
    <details class="about">
      <summary>
        <strong>{plural(collection.document_count, 'document', 'documents')}</strong> · version {count(collection.version)}
        {older && <> · older ones since {shortTime(older.since)}</>}
        {vectorStates(collection).length > 0 && <> · vectors <VectorsInAWord of={collection} /></>}
        {searchedText(collection) && <> · searches <bdi>{searchedText(collection)}</bdi></>}
      </summary>
      <dl class="about-facts">
        <dt>Id</dt><dd><Copy text={collection.collection_id} /></dd>
        {collection.description && <><dt>Description</dt><dd><bdi>{collection.description}</bdi></dd></>}
        <dt>Created</dt><dd>{longTime(collection.created_at)}</dd>
        {collection.features.map((feature, i) => <Feature key={i} feature={feature} />)}
        {older && <>
          <dt>Older versions</dt>
          <dd>
            from {count(older.oldest_version)}, of {longTime(older.since)}: what was searched since then can be replayed as it was.
            {' '}{older.superseded_documents === 0 ? 'Nothing was replaced or deleted, so they cost nothing.'
              : `They cost about ${bytes(older.superseded_bytes)}, for ${plural(older.superseded_documents, 'document that was', 'documents that were')} replaced or deleted.`}
            {older.last_cut && <> Older ones went on {longTime(older.last_cut.at)} ({older.last_cut.reason}).</>}
          </dd>
        </>}
        {Object.keys(collection.metadata).length > 0 && <><dt>Metadata</dt><dd><code>{JSON.stringify(collection.metadata)}</code></dd></>}
      </dl>
    </details>);
}

function Feature({ feature }: { feature: Collection['features'][number] }): VNode {
  return (
    <>
      <dt>Feature</dt>
      <dd>
        <Copy text={feature.feature_uri} /> searches{' '}
        {feature.fields.map(({ path, weight }, i) => <span key={path}>{i > 0 && ', '}<bdi>{path}</bdi>{weight !== 1 && <span class="soft"> ×{weight}</span>}</span>)}
        {feature.fields.length > 0 && ', '}
        {feature.type === 'bm25' ? wordsOf(feature.language) : <Vectors feature={feature} />}
      </dd>
    </>);
}

type DenseFeature = Extract<Collection['features'][number], { type: 'dense' }>;

function Vectors({ feature: { dimension, metric, model, progress, serving } }: { feature: DenseFeature }): VNode {
  return (
    <>
      vectors of {count(dimension)} dimensions by {metric}, {model ? <>made by <bdi>{model.name}</bdi></> : 'which come with the documents'}
      {progress && <> · {plural(progress.with_vectors, 'document has', 'documents have')} them</>}
      {!serving && <> · not searched before all have theirs</>}
    </>);
}

function Documents({ collection, name, round, params, document, onChanged }: {
  collection: Collection; name: string; round: number; params: URLSearchParams; document: string | null; onChanged: () => void;
}): VNode {
  const { namespace } = route.value;
  const query = queryOf(params);
  // A few documents show which fields there are; the rows are then asked for what is shown alone.
  const sample = useLoad(`${name} ${round} ${query.version}`, (signal) => listDocuments(name, versioned({}, query.version), { limit: 10 }, signal));
  const fields = useMemo(() => fieldsOf(sample.data?.results ?? []), [sample.data]);
  const searched = searchedFields(collection);
  const chosen = params.get('cols');
  const shown = chosen === null ? usualColumns(fields, searched) : chosen.split(',').filter(Boolean).slice(0, 30);

  const body = versioned({
    ...(query.search ? { search: query.search } : {}),
    ...(query.filters ? { filters: query.filters as never } : {}),
    ...(query.sort ? { sort: query.sort } : {}),
    ...(shown.length > 0 ? { select: shown } : { select: ['document_id'] }),
  }, query.version);
  const pages = usePages<Listed, DocumentPage>(sample.data !== null ? `${name} ${round} ${JSON.stringify(body)}` : null, async (cursor, signal) => {
    const answer = await listDocuments(name, body, { limit: preferences.value.pageSize, cursor }, signal);
    return { rows: answer.results, next: answer.pagination.next_cursor, about: answer };
  });

  const placeOf = (id: string | null) => href(namespace, 'collections', id === null ? [name] : [name, id], params);
  const open = (id: string) => { if (id !== document) go(placeOf(id), document === null ? 'push' : 'replace'); };
  const close = () => go(placeOf(null));
  const filterBy = (condition: Condition) => go(withParams({ filters: JSON.stringify(withCondition(query.filters, condition)) }));
  const move = (by: number) => {
    const at = pages.rows.findIndex((row) => row.document_id === document);
    const next = pages.rows[at < 0 ? 0 : at + by];
    if (next) open(next.document_id);
  };
  const search = useRef<HTMLInputElement>(null);
  useShortcuts([
    { keys: 'j', says: 'Next document', run: () => move(1) },
    { keys: 'k', says: 'Previous document', run: () => move(-1) },
    { keys: '/', says: 'Search these documents', run: () => search.current?.focus() },
    { keys: 'Escape', says: 'Close the document', run: () => (document === null ? false : close()) },
  ]);

  const total = pages.about?.total_documents ?? null;
  const isNarrowed = query.search !== '' || query.filters !== null;
  const failure = sample.error ?? pages.error;
  return (
    <>
      {query.damaged && <Note kind="warning">The address has <code>{query.damaged}</code> that could not be read; it is left out.</Note>}
      {query.version !== null && (
        <Note>These are the documents as of version {count(query.version)}.{' '}
          <button type="button" class="plain as-link" onClick={() => go(withParams({ version: null }))}>Show the newest</button></Note>)}
      <SearchBar input={search} query={query} fields={fields} invalid={failure?.status === 422 ? failure : null} />
      <p class="soft" role="status">
        {total !== null && (isNarrowed
          ? <>{count(total)} of {plural(collection.document_count, 'document', 'documents')} match{total === 1 ? 'es' : ''}</>
          : plural(total, 'document', 'documents'))}
        {total !== null && (query.sort ? <>, by {query.sort.replace(/^-/, '')}{query.sort.startsWith('-') ? ', greatest first' : ''}</>
          : query.search ? ', best match first' : null)}
        {pages.about?.warnings?.map((warning) => <span key={warning} class="warn"> {warning}</span>)}
      </p>
      {failure && <ErrorBox error={failure} onRetry={sample.error ? sample.reload : pages.reload} />}
      <div class={`documents${document === null ? '' : ' has-pane'}`}>
        <Fields collection={name} fields={fields} columns={shown} filters={query.filters} isSearch={query.search !== ''} open={params.get('field')}
          onColumns={(next) => go(withParams({ cols: next.join(',') }), 'replace')} onPick={filterBy} />
        <div class="rows">
          {!pages.about && !failure && <Skeleton />}
          {pages.about && !pages.isOld && pages.rows.length === 0 && !failure && <NoDocuments isNarrowed={isNarrowed} search={query.search} name={name} />}
          {pages.rows.length > 0 && (
            <Grid label="Documents" columns={columnsOf(shown, fields, query)} rows={pages.rows} idOf={(row) => row.document_id}
              total={total ?? -1} cursor={document} onCursor={open} dim={pages.isOld} onNearEnd={pages.more}
              scrollKey={JSON.stringify(body)} />)}
        </div>
        {document !== null && (
          <DocumentPane collection={name} id={document} version={query.version} round={round} onClose={close} onPick={filterBy} onChanged={onChanged}
            onDeleted={() => { go(placeOf(null), 'replace'); onChanged(); }} />)}
      </div>
    </>);
}

function versioned<T extends object>(body: T, version: number | null): T {
  return version === null ? body : { ...body, version };
}

function columnsOf(shown: string[], fields: Field[], query: Query): Column<Listed>[] {
  const byPath = new Map(fields.map((field) => [field.path, field]));
  const directionOf = (path: string) => (query.sort === path ? 'ascending' : query.sort === `-${path}` ? 'descending' : 'none');
  const sortBy = (path: string) => () => {
    const next = { none: path, ascending: `-${path}`, descending: null }[directionOf(path)];
    go(withParams({ sort: next }));
  };
  return [
    { name: 'document_id', title: 'Document', width: 'minmax(8rem, 14rem)', cell: (row) => <bdi class="mono">{row.document_id}</bdi>,
      sort: directionOf('document_id'), onSort: sortBy('document_id') },
    ...shown.map((path): Column<Listed> => {
      const isNumber = byPath.get(path)?.type === 'number' && !byPath.get(path)!.isList;
      const length = byPath.get(path)?.length ?? 20;
      return {
        name: path, title: <bdi>{path}</bdi>, width: isNumber ? '8rem' : length <= 12 ? '8rem' : 'minmax(10rem, 1fr)', ...(isNumber ? { align: 'end' as const } : {}),
        sort: directionOf(path), onSort: sortBy(path),
        cell: (row) => {
          const value = valueAt(row, path);
          return isNumber ? cellText(value) : <bdi>{cellText(value)}</bdi>;
        },
      };
    }),
  ];
}

function NoDocuments({ isNarrowed, search, name }: { isNarrowed: boolean; search: string; name: string }): VNode {
  if (!isNarrowed) {
    return <Empty title="No documents yet"><p>Drop a file of JSON lines here: one document a line, with a <code>document_id</code> of its own or without.</p></Empty>;
  }
  return (
    <Empty title="No document matches">
      <div class="line">
        {search !== '' && <button type="button" onClick={() => go(withParams({ search: null }))}>Without the words “<bdi>{cellText(search, 40)}</bdi>”</button>}
        <button type="button" onClick={() => go(href(route.value.namespace, 'collections', [name]))}>Show all documents</button>
      </div>
    </Empty>);
}

function DeleteCollection({ collection, onClose }: { collection: Collection; onClose: () => void }): VNode {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const namespace = route.value.namespace;
  const remove = async () => {
    setBusy(true);
    try {
      await deleteCollection(collection.collection_name);
      onClose();
      go(href(namespace, 'collections'));
    } catch (caught) {
      setError(asApiError(caught));
      setBusy(false);
    }
  };
  return (
    <Confirm title="Delete this collection?" word={collection.collection_name} action="Delete it" busy={busy} onConfirm={() => void remove()}
      onClose={onClose} error={error && <ErrorBox error={error} />}>
      <p>It has {plural(collection.document_count, 'document', 'documents')}, which go with it, and its older versions. The history of
        runs that searched it stays, but they cannot be replayed any more.</p>
    </Confirm>);
}

