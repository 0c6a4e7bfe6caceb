// What a run gave: in a line, its stages, its documents with their fields.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ExecuteResponse, StageStatistics } from '../../api/schema';
import { JsonTree } from '../../parts/json_tree';
import { Status } from '../../parts/status';
import { collectionName, collectionOf } from '../../state/collections';
import { count, duration, plural, score } from '../../state/format';
import { href, route } from '../../state/route';
import { titleFields, titleIn } from '../../state/title_text';

const FIRST = 25; // Documents that are drawn before "more".

export function Outcome({ answer, before, onShow }: {
  answer: ExecuteResponse;
  before: string | null; // The run before it, to compare with.
  onShow: ((message: string) => boolean) | null; // Goes to the place that a message names, if it does.
}): VNode {
  const { namespace } = route.value;
  const { execution_metadata: about, stage_statistics: statistics } = answer;
  const facets = Object.entries(answer.facets ?? {});
  return (
    <div class="stack">
      <p class="line play-line" role="status">
        <Status row={{ status: answer.status, total_returned: about.total_returned }} />
        <strong>{count(about.total_returned)} found</strong>
        <span>{duration(statistics.total_time_ms)}</span>
        <span>{plural(statistics.credits_used, 'credit', 'credits')}</span>
        <a href={href(namespace, 'executions', [answer.execution_id])}>open the run</a>
        {before && <a href={href(namespace, 'compare', [before, answer.execution_id])}>compare with the one before</a>}
      </p>
      {answer.error && (
        <div class="error-box" role="alert">
          <p><strong>It failed{answer.failed_stage && <> in <bdi>{answer.failed_stage}</bdi></>}.</strong> {answer.error}</p>
        </div>)}
      {[...answer.warnings, ...answer.degraded.map((one) => `${one.stage}: ${one.reason}. ${one.next_step}`)].map((text) => (
        <p class="note is-warning" key={text}>{text}{onShow && /^stages\[/.test(text) && <> <button type="button" class="plain link" onClick={() => onShow(text)}>show</button></>}</p>))}
      <StageBars stages={statistics.stages} said={answer.error} />
      {facets.length > 0 && <details open><summary>Facets</summary><JsonTree value={answer.facets} open={3} /></details>}
      <Results documents={answer.results} rankBase={answer.pagination.offset} />
    </div>);
}

// `said` is the error that stands above already.
function StageBars({ stages, said }: { stages: Record<string, StageStatistics>; said: string | null }): VNode | null {
  const all = Object.entries(stages);
  if (all.length === 0) return null;
  const longest = Math.max(...all.map(([, one]) => one.duration_ms), 0.001);
  return (
    <ol class="play-stages" aria-label="Stages">
      {all.map(([name, one]) => {
        const isLost = one.error === null && one.output_count === 0 && one.input_count > 0;
        return (
        <li key={name} class={isLost ? 'play-lost' : ''}>
          <bdi class="play-stage-name" title={`${name} (${one.stage_id})`}>{name}</bdi>
          <span class="play-bar" aria-hidden="true"><span style={{ width: `${Math.max(1, (100 * one.duration_ms) / longest)}%` }} /></span>
          <span class="play-counts">{count(one.input_count)} → {count(one.output_count)}{isLost && <strong class="warn"> all lost here</strong>}{one.error && <strong class="bad"> ✕ failed</strong>}</span>
          <span class="is-end">{duration(one.duration_ms)}{one.cache_hit && <span class="soft"> cached</span>}</span>
          {one.error && one.error !== said && <span class="bad play-stage-error">{one.error}</span>}
        </li>);
      })}
    </ol>);
}

function Results({ documents, rankBase }: { documents: Record<string, unknown>[]; rankBase: number }): VNode {
  const [shown, setShown] = useState(FIRST);
  if (documents.length === 0) return <p class="soft">No documents.</p>;
  return (
    <>
      <ol class="play-results" aria-label="Documents found">
        {documents.slice(0, shown).map((document, i) => <Result key={`${String(document.document_id)}/${i}`} document={document} rank={rankBase + i + 1} />)}
      </ol>
      {documents.length > shown && <p><button type="button" onClick={() => setShown(shown + 4 * FIRST)}>{count(documents.length - shown)} more</button></p>}
    </>);
}

function Result({ document, rank }: { document: Record<string, unknown>; rank: number }): VNode {
  const { namespace } = route.value;
  const [isOpen, setOpen] = useState(false);
  const { document_id, collection_id, score: points, ...fields } = document;
  const id = String(document_id ?? '');
  const collection = String(collection_id ?? '');
  const known = id === '' ? null : collectionOf(collection);
  const title = id === '' ? '' : titleIn(document, titleFields(known));
  const words = Object.entries(fields).filter(([, value]) => value !== null && typeof value !== 'object').map(([name, value]) => `${name} ${String(value)}`).join(', ');
  return (
    <li>
      <div class="play-result">
        <span class="is-end soft">{rank}</span>
        <button type="button" class="plain" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} aria-label={`Fields of ${id || `row ${rank}`}`}>{isOpen ? '▾' : '▸'}</button>
        <span class="play-document">
          {id === '' ? <bdi class="soft">{words.slice(0, 200) || 'a row that a stage made'}</bdi>
            : <><a href={href(namespace, 'collections', [collectionName(collection), id])}><bdi>{id}</bdi></a>{title && <> <bdi class="soft">{title}</bdi></>}</>}
        </span>
        <span class="is-end play-score">{typeof points === 'number' ? score(points) : ''}</span>
      </div>
      {isOpen && <JsonTree value={fields} open={1} />}
    </li>);
}
