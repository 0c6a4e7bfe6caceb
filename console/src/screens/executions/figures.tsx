// One line of figures over everything that the filter matches; each leads to what it counts.
import type { ComponentChildren, VNode } from 'preact';
import type { ApiError } from '../../api/client';
import type { ExecutionAggregate } from '../../api/schema';
import { count, duration, plural } from '../../state/format';
import { including, type Conditions } from '../../state/list_filter';

export function FiguresLine({ figures, isOld, error, conditions, onChange, onRetry }: {
  figures: ExecutionAggregate | null;
  isOld: boolean;
  error: ApiError | null; // Of the figures alone: the rows came.
  conditions: Conditions;
  onChange: (conditions: Conditions) => void;
  onRetry: () => void;
}): VNode {
  const total = figures?.total;
  const more = figures?.partial ? '≥ ' : '';
  const pick = (text: string, to: Conditions, title: string, kind = ''): ComponentChildren => (
    <button type="button" class={`plain figure ${kind}`} title={title} onClick={() => onChange(to)}>{text}</button>);
  return (
    <p class={`figures${isOld ? ' is-old' : ''}`} aria-label="Figures">
      {total ? (
        <>
          <strong>{more}{plural(total.count, 'execution', 'executions')}</strong>
          {total.error_count > 0 && pick(`✕ ${more}${count(total.error_count)} failed`, including(conditions, 'status', 'failed'), 'Only what failed', 'bad')}
          {total.zero_result_count > 0 && pick(`○ ${more}${count(total.zero_result_count)} found nothing`,
            including(including(conditions, 'returned', 'zero'), 'status', 'completed'), 'Only what completed and found nothing', 'warn')}
          {total.duration_ms.p50 !== null && <span title="Half of them took at most this long">p50 {duration(total.duration_ms.p50)}</span>}
          {total.duration_ms.p95 !== null && pick(`p95 ${duration(total.duration_ms.p95)}`, including(conditions, 'min_duration_ms', total.duration_ms.p95),
            'Only the slowest twentieth: this long and longer')}
          {figures.partial && <span class="warn">counted in part: the time for it ran out</span>}
        </>
      ) : !error && <span class="soft">…</span>}
      {error && <span class="warn" role="status">The figures did not come: {error.message} <button type="button" onClick={onRetry}>Ask again</button></span>}
    </p>);
}
