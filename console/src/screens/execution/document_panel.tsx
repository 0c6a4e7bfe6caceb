// One document in a run: its way through the stages, what stages wrote, and what it is now.
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { StageRecord } from '../../api/schema';
import { JsonTree } from '../../parts/json_tree';
import { collectionOf } from '../../state/collections';
import { count, score } from '../../state/format';
import { partsOf, searchesOf } from '../../state/found_by';
import { useShortcuts } from '../../state/keyboard';
import { nameOf } from '../../state/rank_flow';
import { go, href, route, withParams } from '../../state/route';
import type { Run } from '../../state/run';
import { useWhole } from '../../state/runs';
import { DocumentThen } from './document_then';
import { whyOf } from './places';

interface Place {
  stage: StageRecord;
  rank: number; // 0: not in the list.
  candidate: StageRecord['candidates'][number] | undefined;
}

function placesOf(run: Run, name: string): Place[] {
  return run.stages.filter((stage) => !stage.error).map((stage) => {
    const at = stage.candidates.findIndex((candidate) => nameOf(candidate) === name);
    return { stage, rank: at + 1, candidate: stage.candidates[at] };
  });
}

export function DocumentPanel({ run: first, name }: { run: Run; name: string }): VNode {
  const whole = useWhole(first).run; // Its rank may be beyond those that came first.
  const run = whole ?? first;
  const slash = name.indexOf('/');
  const collection = name.slice(0, slash);
  const document = name.slice(slash + 1);
  const { namespace } = route.value;
  const places = useMemo(() => placesOf(run, name), [run, name]);
  useShortcuts([{ keys: 'w', says: 'Why is this document where it is, or missing?', run: () => go(whyOf(run.execution_id, collection, document)) }]);
  const result = run.results.findIndex((one) => nameOf(one) === name) + 1;
  const known = collectionOf(collection);
  const written = places.filter(({ candidate }) => candidate?.written !== undefined);
  return (
    <section class="document-panel" aria-label={`Document ${document}`}>
      <div class="line">
        <h2><bdi>{document}</bdi></h2>
        <span class="spring" />
        <a class="button" href={whyOf(run.execution_id, collection, document)}>{result > 0 ? 'Why here?' : 'Why not in the results?'}</a>
        <a class="button" href={href(namespace, 'collections', [known ? known.collection_name : collection, document])}>Open it</a>
        <button type="button" class="icon" aria-label="Close the document" onClick={() => go(withParams({ doc: null }), 'replace')}>×</button>
      </div>
      <ol class="rank-line" aria-label="Its ranks">
        {places.map(({ stage, rank, candidate }, i) => (
          <li key={i} class={rank > 0 ? '' : 'is-absent'}>
            <span class="soft"><bdi>{stage.stage_name}</bdi></span>
            <strong>{rank > 0 ? count(rank) : !whole ? '…' : stage.candidates_truncated ? 'not recorded' : '–'}</strong>
            <span>{candidate ? score(candidate.score) : ''}</span>
            {candidate && partsOf(candidate).map((part) => (
              <span class="soft" key={part.search}>by {searchesOf(stage).find(({ place }) => place === part.search)?.title ?? `search ${part.search}`}: {count(part.rank)} ({score(part.score)})</span>))}
          </li>))}
        <li class={result > 0 ? '' : 'is-absent'}><span class="soft">results</span><strong>{result > 0 ? count(result) : '–'}</strong></li>
      </ol>
      {written.map(({ stage, candidate }) => (
        <details key={stage.stage_name} open><summary>Written by <bdi>{stage.stage_name}</bdi></summary><JsonTree value={candidate!.written} /></details>))}
      <DocumentThen run={run} collection={collection} document={document} />
    </section>);
}
