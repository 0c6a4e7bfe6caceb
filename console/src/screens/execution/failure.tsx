// Why a run failed, and whether others do too.
import type { VNode } from 'preact';
import { listExecutions } from '../../api/executions';
import { plural } from '../../state/format';
import { useLoad } from '../../state/load';
import { route, withParams } from '../../state/route';
import type { Run } from '../../state/run';
import { listOf } from './places';

export function Failure({ run }: { run: Run }): VNode {
  const at = run.stages.findIndex((stage) => stage.stage_name === run.failed_stage);
  return (
    <div class="error-box run-failure" role="group" aria-label="The failure">
      <p><strong>{run.status === 'cancelled' ? 'Cancelled' : 'Failed'}
        {run.failed_stage && <> in {at >= 0
          ? <a href={withParams({ tab: null, stage: String(at) })}><bdi>{run.failed_stage}</bdi></a> : <bdi>{run.failed_stage}</bdi>}</>}.</strong>{' '}
      <bdi>{run.error}</bdi></p>
      {run.status === 'failed' && <Likes run={run} />}
    </div>);
}

// Longer errors are no condition of a list.
const ERROR_MAX = 4000;

// Others that failed in this stage with an error of this kind, of the last day.
function Likes({ run }: { run: Run }): VNode | null {
  const conditions = {
    status: 'failed', start_time: '-24h', ...(run.failed_stage ? { failed_stage: run.failed_stage } : {}), ...(run.error && run.error.length <= ERROR_MAX ? { error_kind: run.error } : {}),
  };
  const { data } = useLoad(`${route.value.namespace}/${JSON.stringify(conditions)}`, (signal) =>
    listExecutions({ ...conditions, count_only: true, budget_ms: 500 }, {}, signal));
  if (!data) return null;
  const isRecent = Date.now() - new Date(run.timestamp).getTime() < 86_400_000;
  const others = data.total - (isRecent ? 1 : 0);
  if (others <= 0) return <p class="soft">No other run failed like this in the last 24 hours.</p>;
  return (
    <p><a href={listOf(conditions)}>
      {data.total_relation === 'at_least' || data.partial ? 'At least ' : ''}{plural(others, 'other run', 'other runs')}
    </a> failed like this in the last 24 hours.</p>);
}
