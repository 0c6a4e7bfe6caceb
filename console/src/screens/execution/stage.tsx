// One stage: what it was told, what it says, and the documents that it handed on.
import type { VNode } from 'preact';
import { JsonTree } from '../../parts/json_tree';
import { count, plural, score } from '../../state/format';
import { searchesOf } from '../../state/found_by';
import { isSummary, writtenStages, type Run } from '../../state/run';
import { Candidates } from './candidates';
import { NotRecorded } from './not_recorded';

export function Stage({ run, index }: { run: Run; index: number }): VNode {
  const stage = run.stages[index]!;
  const written = writtenStages(run)[index];
  const { stage_id: _, ...config } = written?.config ?? {};
  const searches = searchesOf(stage);
  const { searches: _searches, ...metadata } = stage.metadata;
  const isFilled = stage.parameters !== undefined && JSON.stringify(sorted(stage.parameters)) !== JSON.stringify(sorted(config.parameters ?? {}));
  return (
    <section class="run-stage" aria-label={`Stage ${stage.stage_name}`}>
      <h2><bdi>{stage.stage_name}</bdi></h2>
      {stage.error && <p class="bad"><bdi>{stage.error}</bdi></p>}
      {stage.warnings.map((warning) => <p class="warn" key={warning}><span aria-hidden="true">! </span><bdi>{warning}</bdi></p>)}
      <p class="soft stage-facts">
        {plural(stage.output_count, 'document', 'documents')} handed on{index > 0 && <> of {count(stage.input_count)}</>} · looked at {count(stage.scanned_count ?? 0)} · {score(stage.credits_used)} {stage.credits_used === 1 ? 'credit' : 'credits'}
        {stage.cache_hit && ' · from the cache'}{stage.seed !== undefined && <> · seed {String(stage.seed)}</>}
      </p>
      {searches.length > 0 && (
        <ul class="stage-searches">
          {searches.map(({ feature, title, candidates, topScore, vectors }, i) => (
            <li key={i}>
              by {title}, <bdi>{feature}</bdi>: {plural(candidates, 'document', 'documents')}, best score {score(topScore)}
              {vectors && vectors.withVectors < vectors.documents && <span class="warn"> · {count(vectors.withVectors)} of {plural(vectors.documents, 'document', 'documents')} had vectors</span>}
            </li>))}
        </ul>)}
      {isSummary(run) ? <NotRecorded what="Parameters and candidates" /> : (
        <>
          <details class="stage-told" open={!!stage.error}>
            <summary>Parameters{isFilled && <span class="soft">, as written and as filled in</span>}</summary>
            <div class="beside">
              {written && <div><h3>{isFilled ? 'As written' : 'As written, nothing to fill in'}</h3><JsonTree value={config} open={6} /></div>}
              {isFilled && <div><h3>Filled in</h3><JsonTree value={stage.parameters} open={6} /></div>}
              {stage.context && <div><h3>What templates saw</h3><JsonTree value={stage.context} /></div>}
            </div>
          </details>
          {Object.keys(metadata).length > 0 && <details open><summary>What the stage says</summary><JsonTree value={metadata} open={2} /></details>}
          {(stage.external_calls?.length ?? 0) > 0 && <details><summary>{plural(stage.external_calls!.length, 'call', 'calls')} to others</summary><JsonTree value={stage.external_calls} open={2} /></details>}
          {!stage.error && <Candidates run={run} index={index} />}
        </>)}
    </section>);
}

// The same JSON whatever the order of its members.
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, sorted(one)]));
}
