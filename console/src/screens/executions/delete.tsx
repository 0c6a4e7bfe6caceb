// Deletes what the filter matches: counted first, and exactly those that were counted.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { deleteExecutions, listExecutions } from '../../api/executions';
import { Confirm, Dialog } from '../../parts/dialog';
import { ErrorBox, Skeleton } from '../../parts/states';
import { useAction } from '../../state/action';
import { plural } from '../../state/format';
import { tokensOf, canonical, type Conditions } from '../../state/list_filter';
import { useLoad } from '../../state/load';

interface Counted {
  filter: Conditions; // With instants, so that nothing which comes later is deleted.
  count: number;
  isExact: boolean;
  message: string;
}

async function counted(conditions: Conditions, signal: AbortSignal): Promise<Counted> {
  const { filter } = await listExecutions({ ...conditions, end_time: conditions.end_time ?? '-0s', count_only: true, budget_ms: 0 }, { limit: 1 }, signal);
  const pinned = canonical(filter);
  const answer = await deleteExecutions(pinned, true, signal);
  return { filter: pinned, count: answer.matching_count ?? 0, isExact: answer.exact !== false, message: answer.message };
}

export function Delete({ conditions, onDeleted, onClose }: { conditions: Conditions; onDeleted: () => void; onClose: () => void }): VNode {
  const { data, error, reload } = useLoad(JSON.stringify(conditions), (signal) => counted(conditions, signal));
  const [done, setDone] = useState<string | null>(null);
  const { run, busy, error: failed } = useAction(async () => {
    const answer = await deleteExecutions(data!.filter, false);
    setDone(answer.complete === false ? `${answer.message}. There are more: delete again to go on.` : answer.message);
    onDeleted();
  });
  if (done !== null) return <Dialog title="Deleted" onClose={onClose}><p role="status">{done}</p><div class="actions"><button type="button" autofocus onClick={onClose}>Close</button></div></Dialog>;
  if (!data || data.count === 0) {
    return (
      <Dialog title="Delete executions" onClose={onClose}>
        {error ? <ErrorBox error={error} onRetry={reload} /> : data ? <p>No execution matches, so there is nothing to delete.</p> : <Skeleton lines={2} label="Counting" />}
      </Dialog>);
  }
  return (
    <Confirm title="Delete executions" word={String(data.count)} action={busy ? 'Deleting …' : `Delete ${plural(data.count, 'execution', 'executions')}`} busy={busy}
      error={failed && <ErrorBox error={failed} />} onConfirm={() => void run()} onClose={onClose}>
      <p><strong>{data.isExact ? '' : 'At least '}{plural(data.count, 'execution', 'executions')}</strong> {data.count === 1 ? 'matches' : 'match'}, with their inputs, results and candidates. This cannot be undone.</p>
      <ul>{tokensOf(data.filter).map(({ id, label }) => <li key={id}><bdi>{label}</bdi></li>)}</ul>
      <p class="soft">{conditions.modes === undefined && 'Replays and forks that match are deleted too, although the list shows them only on request. '}What runs now stays, and what comes from now on is not touched.</p>
    </Confirm>);
}
