// Why a document is, or is not, in the results of a run: #/{namespace}/why/{id}/{collection}/{document}.
import type { VNode } from 'preact';
import { why } from '../api/insight';
import { Empty, ErrorBox, Skeleton } from '../parts/states';
import { collectionOf } from '../state/collections';
import { useLoad } from '../state/load';
import { href, route } from '../state/route';
import { useRun } from '../state/runs';
import { DocumentThen } from './execution/document_then';
import { WhyField } from './execution/why_field';
import { Boundaries } from './why/boundaries';
import { Explanation } from './why/explanation';
import { Lost } from './why/lost';
import { NearestChange } from './why/nearest_change';

export default function Screen(): VNode {
  const { path: [id, collection, document], namespace } = route.value;
  if (!id || !collection || document === undefined) {
    return (
      <Empty title="Which document, of which run?">
        <p>Open a run, and ask there why a document is missing. <a href={href(namespace, 'executions')}>To the runs</a></p>
      </Empty>);
  }
  return <Why id={id} collection={collection} document={document} />;
}

function Why({ id, collection, document }: { id: string; collection: string; document: string }): VNode {
  const { namespace } = route.value;
  const { run, isOld } = useRun(id);
  const { data, error, isOld: isOldAnswer, reload } = useLoad(`${namespace}/${id}/${collection}/${document}`, (signal) =>
    why(id, { document_id: document, collection_id: collection }, signal));
  const answer = data && !isOldAnswer ? data : null;
  const known = collectionOf(collection);
  const isIn = answer?.outcome === 'in_results';
  const shown = run && !isOld ? run : null;
  return (
    <article class="why">
      <p class="line">
        <a href={href(namespace, 'executions', [id], { tab: 'documents', doc: `${known ? known.collection_id : collection}/${document}` })}>← the run</a>
        {shown?.query_summary && <bdi class="why-query">{shown.query_summary}</bdi>}
        <span class="soft"><bdi>{id}</bdi></span>
      </p>
      <h1>{answer === null ? 'Why?' : isIn ? 'Why here?' : 'Why not in the results?'} <bdi>{document}</bdi></h1>
      {error && <ErrorBox error={error} onRetry={reload} />}
      {!answer && !error && <Skeleton lines={6} label="Asking why" />}
      {answer && (
        <>
          <p class="why-sentence" role="status">{answer.sentence}</p>
          {answer.boundaries.length > 0 && <Boundaries answer={answer} id={id} />}
          {answer.lost_at && <Lost at={answer.lost_at} answeredBy={answer.answered_by} />}
          {answer.outcome === 'lost' && <NearestChange id={id} answer={answer} />}
          {answer.outcome !== 'not_in_collection' && answer.outcome !== 'unknown' && (
            <Explanation key={`${id}/${collection}/${document}`} id={id} answer={answer} collection={collection} />)}
          <DocumentThen run={shown} collection={collection} document={document} />
        </>)}
      <WhyField id={id} collections={shown?.collection_ids ?? [collection]} />
    </article>);
}
