// The pipeline as it was sent, each stage beside its place in the flow.
import type { VNode } from 'preact';
import { CopyButton } from '../../parts/copy';
import { JsonTree } from '../../parts/json_tree';
import { route, withParams } from '../../state/route';
import { writtenStages, type Run } from '../../state/run';
import { listOf } from './places';

export function Pipeline({ run }: { run: Run }): VNode {
  if (run.pipeline === null || run.pipeline === undefined) return <p class="soft">No pipeline was recorded.</p>;
  const { stages: _, ...rest } = run.pipeline as Record<string, unknown>;
  const chosen = route.value.params.get('stage');
  return (
    <>
      <div class="line">
        <CopyButton label="Copy JSON" text={() => JSON.stringify(run.pipeline, null, 2)} />
        {run.fingerprint && <a href={listOf({ fingerprint: run.fingerprint })}>Runs of this pipeline</a>}
        {run.shape && <a href={listOf({ shape: run.shape })}>Runs of this shape, with any values</a>}
      </div>
      {Object.keys(rest).length > 0 && <JsonTree value={rest} open={1} />}
      <ol class="stage-list">
        {writtenStages(run).map((stage, i) => {
          const { stage_id: kind, ...config } = stage.config;
          return (
            <li key={i} class={String(i) === chosen ? 'is-chosen' : ''}>
              <h2><a href={withParams({ tab: null, stage: String(i) })} title="Show it in the flow"><bdi>{stage.stage_name}</bdi></a>{' '}
                <span class="soft"><bdi>{String(kind ?? stage.stage_id)}</bdi></span>
                {i >= run.stages.length && <span class="soft"> did not run</span>}</h2>
              <JsonTree value={config} open={6} />
            </li>);
        })}
      </ol>
    </>);
}
