// What the filter field offers while one types: keys, and the values that there are.
import { aggregateExecutions } from '../api/executions';
import type { ExecutionAggregateRequest, FiguresRow } from '../api/schema';
import { count } from './format';
import type { Conditions } from './list_filter';
import { quotedValue, WRITTEN_KEYS } from './list_written';

export interface Fragment {
  kind: 'key' | 'value';
  key: string; // Of a value.
  typed: string;
  from: number; // Where the completion begins in the text.
  to: number;
}

/** What is being written at the caret; null within a phrase, where nothing is offered. */
export function fragmentAt(text: string, caret: number): Fragment | null {
  const before = text.slice(0, caret);
  let begin = 0;
  let quoted = false;
  for (let i = 0; i < before.length; ++i) {
    if (before[i] === '"') quoted = !quoted;
    else if (!quoted && /\s/.test(before[i]!)) begin = i + 1;
  }
  const word = before.slice(begin);
  const rest = /^[^\s"]*/.exec(text.slice(caret))![0].length;
  const [head, key = '', sign = ''] = /^-?([A-Za-z_][\w.-]*)(:|=)/.exec(word) ?? [''];
  if (sign) {
    const list = word.lastIndexOf(',');
    const from = list >= head!.length ? list + 1 : head!.length;
    const typed = word.slice(from);
    if (typed.startsWith('=')) return null; // Exactly this JSON.
    return { kind: 'value', key: sign === '=' ? `labels.${key}` : key, typed: typed.replace(/"/g, ''), from: begin + from, to: caret + rest };
  }
  if (quoted || word.startsWith('"')) return null;
  return { kind: 'key', key: '', typed: word.replace(/^-/, ''), from: begin + (word.startsWith('-') ? 1 : 0), to: caret + rest };
}

export interface Offer {
  text: string; // What is put in.
  hint: string;
  isValue: boolean;
}

export const KEY_HINTS: Record<string, string> = {
  status: 'completed, failed, cancelled, processing', took: 'took:>=500ms, took:100ms..2s', found: 'found:0, found:>0', error: 'words of the error', error_kind: 'the same error but for ids and numbers',
  failed_stage: 'the stage it failed in', document: 'returned this document', collection: 'searched this collection', stage: 'ran a stage of this kind', credits: 'credits:>=1',
  cache: 'share answered from the cache: cache:<=0.5', caller: 'id of the API key', mode: 'adhoc, replay, fork', shape: 'this pipeline, with any literals',
  fingerprint: 'exactly this pipeline', inputs_hash: 'exactly these inputs', request: 'id of the request', id: 'ids of executions',
  parent_execution_id: 'replays and forks of this one', retriever_id: 'run by this retriever', since: 'since:-24h, since:2026-01-31', until: 'until:-1h',
};

const FIXED: Record<string, [string, string][]> = {
  status: [['completed', ''], ['failed', ''], ['cancelled', ''], ['processing', 'running now']],
  statuses: [['completed', ''], ['failed', ''], ['cancelled', ''], ['processing', 'running now']],
  mode: [['adhoc', 'executed'], ['replay', 'run again'], ['fork', 'run again, changed']], modes: [['adhoc', ''], ['replay', ''], ['fork', '']],
  found: [['0', 'found nothing'], ['>0', 'found something']], returned: [['zero', ''], ['nonzero', '']],
  took: [['>=100ms', ''], ['>=500ms', ''], ['>=2s', '']],
  cache: [['>=0.5', ''], ['0', 'nothing from the cache']],
  since: [['-15m', ''], ['-1h', ''], ['-24h', ''], ['-7d', ''], ['-30d', '']], until: [['-1h', ''], ['-24h', '']],
};

type GroupBy = NonNullable<ExecutionAggregateRequest['group_by']>;
const GROUPS: Record<string, GroupBy> = {
  collection: 'collection', collection_ids: 'collection', stage: 'stage', stage_id: 'stage', caller: 'caller', shape: 'shape', failed_stage: 'failed_stage', error_kind: 'error',
};

export const groupOf = (key: string): GroupBy | null => (key.startsWith('labels.') ? `label:${key.slice(7)}` : GROUPS[key] ?? null);

/** The value that a row of figures is about. */
export function groupValue(row: FiguresRow): string | null {
  const { status, collection_id, stage_id, caller, shape, failed_stage, error, label } = row;
  return status ?? collection_id ?? stage_id ?? caller ?? shape ?? failed_stage ?? error ?? label ?? null;
}

/** The offers that need no server. */
export function fixedOffers(fragment: Fragment, labels: readonly string[]): Offer[] {
  if (fragment.kind === 'value') {
    return (FIXED[fragment.key] ?? []).filter(([text]) => text.startsWith(fragment.typed)).map(([text, hint]) => ({ text, hint, isValue: true }));
  }
  const typed = fragment.typed.toLowerCase();
  return [
    ...WRITTEN_KEYS.filter((key) => key.startsWith(typed)).map((key) => ({ text: `${key}:`, hint: KEY_HINTS[key] ?? '', isValue: false })),
    ...labels.filter((name) => name.toLowerCase().startsWith(typed) && /^[A-Za-z_][\w.-]*$/.test(name))
      .map((name) => ({ text: `${name}=`, hint: 'label', isValue: false })),
  ];
}

/** The values of a key in the history of this range, the most frequent first. */
export async function valueOffers(key: string, range: Conditions, nameOf: (id: string) => string, signal: AbortSignal): Promise<Offer[]> {
  const group = groupOf(key);
  if (group === null) return [];
  const answer = await aggregateExecutions({ ...range, group_by: group, bucket: 'none', budget_ms: 500 }, signal);
  return answer.results.flatMap((row) => {
    const value = groupValue(row);
    return value === null ? [] : [{ text: quotedValue(group === 'collection' ? nameOf(value) : value), hint: `${count(row.count)}${answer.partial ? ' and more' : ''}`, isValue: true }];
  });
}

/** The names of the labels in use. */
export async function labelNames(range: Conditions, signal: AbortSignal): Promise<string[]> {
  const answer = await aggregateExecutions({ ...range, group_by: 'label_name', bucket: 'none', budget_ms: 500 }, signal);
  return answer.results.flatMap((row) => row.label_name ?? []);
}
