// The time of a run beside that of others of its shape.
import type { VNode } from 'preact';
import { aggregateExecutions } from '../../api/executions';
import { count, duration } from '../../state/format';
import { useLoad } from '../../state/load';
import { route } from '../../state/route';
import { isRunning, type Run } from '../../state/run';
import { timesUsual } from '../../state/waterfall';

const FEWEST = 5; // Fewer others say nothing of what is usual.

export function Usual({ run }: { run: Run }): VNode | null {
  const wanted = run.shape && run.status === 'completed' && !isRunning(run);
  const { data } = useLoad(wanted ? `${route.value.namespace}/${run.shape}` : null, (signal) =>
    aggregateExecutions({ shape: run.shape, status: 'completed', start_time: '-7d', bucket: 'none', budget_ms: 500 }, signal));
  const figures = data?.total;
  if (!figures || figures.completed_count < FEWEST || figures.duration_ms.p50 === null) return null;
  const times = timesUsual(run.duration_ms, figures.duration_ms.p50);
  return (
    <span class={times !== null && times > 1 ? 'warn' : 'soft'} title={`Of ${count(figures.completed_count)} runs of this shape in 7 days: half took at most ${
      duration(figures.duration_ms.p50)}, all but 5 % at most ${duration(figures.duration_ms.p95)}`}>
      {' '}usually {duration(figures.duration_ms.p50)}{times !== null && <>: {timesText(times)}</>}
    </span>);
}

export function timesText(times: number): string {
  return `${times >= 10 ? count(Math.round(times)) : times.toFixed(1)} ×`;
}
