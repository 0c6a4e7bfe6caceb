// The outcome of an execution: a sign and a word, never colour alone.
import type { VNode } from 'preact';

export type Outcome = 'good' | 'empty' | 'bad' | 'stopped' | 'running';

export function outcomeOf(row: { status: string; total_returned?: number | null }): Outcome {
  switch (row.status) {
    case 'completed': return row.total_returned === 0 ? 'empty' : 'good';
    case 'failed': return 'bad';
    case 'processing': return 'running';
    default: return 'stopped';
  }
}

export const SIGNS: Record<Outcome, string> = { good: '●', empty: '○', bad: '✕', stopped: '■', running: '◌' };

export function Status({ row }: { row: { status: string; total_returned?: number | null } }): VNode {
  const outcome = outcomeOf(row);
  return (
    <span class={`status is-${outcome}`}>
      <span aria-hidden="true">{SIGNS[outcome]}</span> {row.status}{outcome === 'empty' && <span class="off-screen">, nothing found</span>}
    </span>);
}
