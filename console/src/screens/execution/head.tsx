// What a run was, in a few lines. A value leads to the list of those that have it, too.
import type { ComponentChildren, VNode } from 'preact';
import { CopyButton, Copy } from '../../parts/copy';
import { Status } from '../../parts/status';
import { collectionOf } from '../../state/collections';
import { count, duration, longTime, plural, score, utcTime } from '../../state/format';
import { beside, listed } from '../../state/neighbours';
import { href, route } from '../../state/route';
import { isRunning, versionOf, type Run } from '../../state/run';
import { listOf, pageOf, type FilterBy } from './places';
import type { RunProps } from './run';
import { Usual } from './usual';

export function Head({ id, row, run, onClose, onFilter }: RunProps & { run: Run | null }): VNode {
  const known = run ?? row;
  const isPage = !onClose;
  const Title = isPage ? 'h1' : 'h2';
  return (
    <header class="run-head">
      <div class="line">
        {known && <Status row={known} />}
        <Copy text={id} />
        <span class="spring" />
        {isPage ? <Neighbours id={id} /> : (
          <>
            <CopyButton className="quiet" label="Copy link" text={() => new URL(pageOf(id), location.href).href} />
            <a class="button icon" href={pageOf(id)} aria-label="Open as a page" title="Open as a page (o)">⤢</a>
            <button type="button" class="icon" aria-label="Close the run" title="Close (Esc)" onClick={onClose}>×</button>
          </>)}
      </div>
      <Title class="run-title">{known?.query_summary
        ? <bdi>{known.query_summary}</bdi> : <span class="soft">{known ? 'No query summary' : 'Execution'}</span>}</Title>
      {known && <Facts known={known} run={run} onFilter={onFilter} />}
    </header>);
}

function Neighbours({ id }: { id: string }): VNode | null {
  const { namespace } = route.value;
  const list = listed.value;
  const places = beside(list, namespace, id);
  if (!places) return null;
  return (
    <nav class="line" aria-label="Runs of the list">
      {places.before && <a href={href(namespace, 'executions', [places.before])}>← previous</a>}
      <a href={list!.href}>list</a>
      {places.after && <a href={href(namespace, 'executions', [places.after])}>next →</a>}
    </nav>);
}

function Facts({ known, run, onFilter }: { known: NonNullable<RunProps['row']> | Run; run: Run | null; onFilter?: FilterBy | undefined }): VNode {
  const by = (name: string, value: string, shown: ComponentChildren = <bdi>{value}</bdi>) => <FilterLink name={name} value={value} onFilter={onFilter}>{shown}</FilterLink>;
  const labels = Object.entries(run?.labels ?? {});
  return (
    <dl class="run-facts">
      <Fact name="Started"><time dateTime={known.timestamp} title={utcTime(known.timestamp)}>{longTime(known.timestamp)}</time></Fact>
      <Fact name="Took">{isRunning(known) ? 'still running' : duration(known.duration_ms)}{run && <Usual run={run} />}</Fact>
      <Fact name="Found">{plural(known.total_returned, 'document', 'documents')}</Fact>
      <Fact name="Credits">{score(known.credits_used)}</Fact>
      <Fact name="Stages">{count(known.stages_completed)} of {count(known.total_stages)}</Fact>
      {(known.collection_ids?.length ?? 0) > 0 && (
        <Fact name={known.collection_ids!.length > 1 ? 'Collections' : 'Collection'}>
          {known.collection_ids!.map((collection, i) => <>{i > 0 && ', '}<Searched id={collection} run={run} onFilter={onFilter} /></>)}
        </Fact>)}
      {run?.relation && run.parent_execution_id && (
        <Fact name={run.relation === 'fork' ? 'Fork of' : 'Replay of'}>
          <a href={href(route.value.namespace, 'executions', [run.parent_execution_id])}><bdi>{run.parent_execution_id}</bdi></a>
        </Fact>)}
      {run?.caller_key_id && <Fact name="Key">{by('caller', run.caller_key_id)}</Fact>}
      {run?.client && <Fact name="Client"><bdi>{run.client}</bdi></Fact>}
      {labels.length > 0 && (
        <Fact name="Labels">
          {labels.map(([name, value]) => <span class="run-tag" key={name}>{by(`labels.${name}`, value, <bdi>{name}={value}</bdi>)}</span>)}
        </Fact>)}
      {run?.request_id && <Fact name="Request">{by('request_id', run.request_id)}</Fact>}
      {run?.trace_id && <Fact name="Trace"><Copy text={run.trace_id} /></Fact>}
      {run?.queue_wait_ms !== undefined && run.queue_wait_ms >= 1 && <Fact name="Waited first">{duration(run.queue_wait_ms)}</Fact>}
    </dl>);
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): VNode {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}

function FilterLink({ name, value, onFilter, children }: { name: string; value: string; onFilter?: FilterBy | undefined; children: ComponentChildren }): VNode {
  const pick = (event: MouseEvent) => {
    if (!onFilter || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    onFilter(name, value, event.altKey);
  };
  return <a class="fact-link" href={listOf({ [name]: value })} title={onFilter ? 'Filter by this; with Alt, leave it out' : 'Runs that have this'} onClick={pick}>{children}</a>;
}

// The collection, the version that was searched, and whether that is still the present one.
function Searched({ id, run, onFilter }: { id: string; run: Run | null; onFilter?: FilterBy | undefined }): VNode {
  const collection = collectionOf(id);
  const version = run ? versionOf(run, id) : undefined;
  return (
    <>
      <FilterLink name="collection_ids" value={id} onFilter={onFilter}><bdi>{collection ? collection.collection_name : id}</bdi></FilterLink>
      {version !== undefined && <span class="soft"> v{count(version)}</span>}
      {version !== undefined && collection && collection.version > version && <span class="warn"> now v{count(collection.version)}</span>}
    </>);
}
