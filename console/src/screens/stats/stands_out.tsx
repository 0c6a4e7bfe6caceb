// What fails most, finds nothing most, costs most and is slowest: a sentence each.
import type { ComponentChildren, VNode } from 'preact';
import { aggregateExecutions } from '../../api/executions';
import type { ExecutionAggregate, Figures } from '../../api/schema';
import { ErrorBox } from '../../parts/states';
import { conditionsOfRow, mostOf } from '../../state/figures';
import { count, duration, percent, plural, score } from '../../state/format';
import { canonical, listParams, type Conditions } from '../../state/list_filter';
import { useLoad } from '../../state/load';
import { href, route } from '../../state/route';
import { Chain } from './chain';

// Fewer runs say little of how long a pipeline usually takes.
const ENOUGH = 5;
const FAILED = { status: 'failed', statuses: null };

export function StandsOut({ question, conditions, patience, total, groups }: {
  question: string; conditions: Conditions; patience: { budget_ms?: number }; total: Figures;
  groups: ExecutionAggregate | null; // By shape, where the page has asked for them anyway.
}): VNode {
  const ask = (by: string, also: Record<string, unknown>) => (signal: AbortSignal) =>
    aggregateExecutions({ ...canonical({ ...conditions, ...also }), ...patience, bucket: 'none', group_by: by }, signal);
  const failures = useLoad(total.error_count > 0 ? question : null, ask('failed_stage', FAILED));
  const errors = useLoad(total.error_count > 0 && failures.data ? question : null, ask('error', FAILED));
  const asked = useLoad(groups === null ? question : null, ask('shape', {}));
  const shapes = (groups ?? asked.data)?.results ?? null;
  const error = failures.error ?? errors.error ?? asked.error;
  if (error) return <ErrorBox error={error} onRetry={() => { failures.reload(); errors.reload(); asked.reload(); }} />;

  const listOf = (by: 'failed_stage' | 'error' | 'shape', member: string | null, also: Record<string, unknown> = {}, sort?: string) => {
    const params = listParams(conditionsOfRow(canonical({ ...conditions, ...also }), by, member)!);
    if (sort) params.set('sort', sort);
    return href(route.value.namespace, 'executions', [], params);
  };
  const stage = failures.data && mostOf(failures.data.results, (row) => row.count);
  const kind = errors.data && mostOf(errors.data.results, (row) => row.count);
  const cost = shapes && mostOf(shapes, (row) => row.credits_used.total);
  const nothing = shapes && mostOf(shapes, (row) => row.zero_result_count);
  const slow = shapes && [...shapes].filter((row) => row.count >= Math.min(ENOUGH, total.count)).sort((a, b) => (b.duration_ms.p95 ?? 0) - (a.duration_ms.p95 ?? 0))[0];
  return (
    <section aria-label="What stands out">
      <h2>What stands out</h2>
      <ul class="stands-out">
        {total.error_count === 0 && <Card title="Fails most">Nothing failed.</Card>}
        {stage && (
          <Card title="Fails most" tone="bad" to={listOf('failed_stage', stage.row.failed_stage ?? null, FAILED)} says={plural(stage.value, 'failure', 'failures')}>
            {stage.row.failed_stage ? <>The stage <strong><bdi>{stage.row.failed_stage}</bdi></strong></> : 'Before any stage began'}:
            {' '}{count(stage.value)} of {plural(total.error_count, 'failure', 'failures')}.
            {kind?.row.error && <> Most often: <a class="clamped" href={listOf('error', kind.row.error, FAILED)}><bdi>{kind.row.error}</bdi> ({count(kind.value)})</a></>}
          </Card>)}
        {nothing && (
          <Card title="Finds nothing most" tone="warn" to={listOf('shape', nothing.row.shape ?? null, { status: 'completed', statuses: null, returned: 'zero' })}
            says={plural(nothing.value, 'run', 'runs')}>
            <Chain shape={nothing.row.shape ?? null} />: {count(nothing.value)} of {plural(total.zero_result_count, 'run', 'runs')} that found nothing,
            {' '}{percent(nothing.row.zero_result_rate)} of its own.
          </Card>)}
        {shapes && !nothing && <Card title="Finds nothing most">Every completed run found something.</Card>}
        {cost && (
          <Card title="Costs most" to={listOf('shape', cost.row.shape ?? null, {}, 'credits_used')} says={plural(cost.row.count, 'run', 'runs')}>
            <Chain shape={cost.row.shape ?? null} />: {score(cost.value)} of {score(total.credits_used.total)} credits, {percent(cost.share)}.
          </Card>)}
        {slow && slow.duration_ms.p95 !== null && (
          <Card title="Slowest" to={listOf('shape', slow.shape ?? null, {}, 'duration_ms')} says={plural(slow.count, 'run', 'runs')}>
            <Chain shape={slow.shape ?? null} />: one of 20 runs takes {duration(slow.duration_ms.p95)} or longer; of all, {duration(total.duration_ms.p95)}.
          </Card>)}
      </ul>
    </section>);
}

function Card({ title, tone = '', to, says, children }: {
  title: string; tone?: string; to?: string; says?: string; children: ComponentChildren;
}): VNode {
  return (
    <li>
      <h3 class={tone}>{title}</h3>
      <div>{children}</div>
      {to && <p><a href={to} aria-label={`${title}: show ${says}`}>Show {says}</a></p>}
    </li>);
}
