// Where a document's score and rank come from: each search, term and field as a sum.
import type { VNode } from 'preact';
import { explain } from '../../api/insight';
import type { ExplainAnswer, SearchStanding, TermScore, WhyAnswer } from '../../api/schema';
import { ErrorBox, Skeleton } from '../../parts/states';
import { count, score } from '../../state/format';
import { useLoad } from '../../state/load';
import { route } from '../../state/route';

export function Explanation({ id, answer, collection }: { id: string; answer: WhyAnswer; collection: string }): VNode {
  const { document_id: document } = answer;
  const { data, error, isOld, reload } = useLoad(`${route.value.namespace}/${id}/${collection}/${document}`, (signal) =>
    explain(id, { document_id: document, collection_id: collection }, signal));
  return (
    <section class="explanation" aria-label="Its score and rank">
      <h2>{answer.outcome === 'in_results' ? 'Its score and rank, as sums' : 'How far it came, as sums'}</h2>
      {error && <ErrorBox error={error} onRetry={reload} />}
      {!error && (data === null || isOld) && <Skeleton lines={5} label="Adding up" />}
      {data && !isOld && (
        <>
          {answer.outcome === 'in_results' && <p>{data.sentence}</p>}
          {data.as_recorded === false && <p class="warn">Made again, it has another rank or score than the record says.</p>}
          {data.stages.map((stage, i) => <ExplainedStage key={i} stage={stage} />)}
        </>)}
    </section>);
}

function ExplainedStage({ stage }: { stage: ExplainAnswer['stages'][number] }): VNode | null {
  const searches = stage.evidence.searches ?? [];
  if (!stage.sentence && searches.length === 0) return null;
  return (
    <div class="explained">
      <h3><bdi>{stage.stage_name}</bdi> <span class="soft">
        {stage.rank_before !== null && stage.rank !== null && stage.rank_before !== stage.rank && <>rank {count(stage.rank_before)} → {count(stage.rank)}</>}
        {stage.rank_before === null && stage.rank !== null && <>rank {count(stage.rank)} of {count(stage.count)}</>}
      </span></h3>
      {stage.sentence && <p>{capital(stage.sentence)}.</p>}
      {searches.length > 1 && stage.evidence.fusion && <Fusion searches={searches} fusion={stage.evidence.fusion} total={stage.evidence.score ?? null} />}
      {searches.map((search) => <Search key={search.search} search={search} isOnly={searches.length === 1} />)}
    </div>);
}

const capital = (text: string): string => text.charAt(0).toLocaleUpperCase() + text.slice(1);

// How the parts of several searches make one score.
function Fusion({ searches, fusion, total }: { searches: SearchStanding[]; fusion: string; total: number | null }): VNode {
  const most = Math.max(...searches.map(({ part }) => Math.abs(part ?? 0)), 0);
  return (
    <div class="sum-box">
      <table class="sums">
        <caption>{fusion}: {fusion === 'max' ? 'the greatest part is the score' : 'the parts add up to the score'}</caption>
        <thead><tr><th scope="col">Search</th><th scope="col" class="is-end">Rank</th><th scope="col" class="is-end">Score</th><th scope="col" class="is-end">Part</th><th scope="col"><span class="off-screen">Share</span></th></tr></thead>
        <tbody>
          {searches.map((search) => (
            <tr key={search.search}>
              <th scope="row">{search.search} <bdi>{search.query}</bdi></th>
              <td class="is-end">{search.rank === null ? '–' : `${count(search.rank)} of ${count(search.of)}`}</td>
              <td class="is-end">{score(search.score)}</td><td class="is-end">{score(search.part)}</td>
              <td><Share value={search.part ?? 0} most={most} /></td>
            </tr>))}
        </tbody>
        <tfoot><tr><th scope="row">Score</th><td /><td /><td class="is-end"><strong>{score(total)}</strong></td><td /></tr></tfoot>
      </table>
    </div>);
}

function Search({ search, isOnly }: { search: SearchStanding; isOnly: boolean }): VNode {
  const { bm25 } = search;
  return (
    <div class="sum-box">
      {!isOnly && <h4>Search {search.search} <span class="soft"><bdi>{search.query}</bdi></span></h4>}
      {search.missed && <p class="warn">This search does not have it{search.score !== null && <>; it would have scored {score(search.score)}</>}.</p>}
      {bm25 && (
        <>
          {bm25.terms.length > 0 && <table class="sums">
            <caption>{isOnly && <><bdi>{search.query}</bdi>: </>}what each term adds</caption>
            <thead>
              <tr><th scope="col">Term</th><th scope="col">In</th><th scope="col" class="is-end">Adds</th><th scope="col"><span class="off-screen">Share</span></th>
                <th scope="col" class="is-end" title="How rare the term is">idf</th><th scope="col" class="is-end" title="How often it occurs, each time counted by the boost of its field">tf</th>
                <th scope="col" class="is-end">Documents</th></tr>
            </thead>
            <tbody>{[...bm25.terms].sort((a, b) => b.score - a.score).map((term) => <Term key={term.term} term={term} most={Math.max(...bm25.terms.map((one) => one.score))} />)}</tbody>
            <tfoot><tr><th scope="row">Score</th><td /><td class="is-end"><strong>{score(bm25.sum)}</strong></td><td /><td /><td /><td class="is-end soft">of {count(bm25.documents)}</td></tr></tfoot>
          </table>}
          {bm25.lacking_terms.length > 0 && <p class="warn">It lacks {bm25.lacking_terms.map((term, i) => <>{i > 0 && ', '}<bdi><em>{term}</em></bdi></>)}.</p>}
          {bm25.terms.length > 0 && <p class="soft">It is {count(bm25.length)} terms long, where {count(Math.round(bm25.average_length))} are usual: a term adds idf × {score(bm25.k1 + 1)} × tf / (tf + {score(bm25.norm)}).</p>}
        </>)}
    </div>);
}

function Term({ term, most }: { term: TermScore; most: number }): VNode {
  return (
    <tr>
      <th scope="row"><bdi>{term.term}</bdi>{term.query_count > 1 && <span class="soft"> ×{term.query_count}</span>}</th>
      <td>{[...term.fields].sort((a, b) => b.score - a.score).map((field) => (
        <div key={field.path}><bdi>{field.path}</bdi> <span class="soft">{count(field.occurrences)}{field.boost !== 1 && ` × ${score(field.boost)}`}</span> {score(field.score)}</div>))}</td>
      <td class="is-end">{score(term.score)}</td>
      <td><Share value={term.score} most={most} /></td>
      <td class="is-end">{score(term.idf)}</td><td class="is-end">{score(term.tf)}</td><td class="is-end">{count(term.documents)}</td>
    </tr>);
}

function Share({ value, most }: { value: number; most: number }): VNode {
  return <span class="sum-share" aria-hidden="true"><span style={{ width: `${most > 0 ? Math.max(0, 100 * value / most) : 0}%` }} /></span>;
}
