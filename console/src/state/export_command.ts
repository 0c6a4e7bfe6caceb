// An export as a line of the command line, for what is too large for a browser.
import { shellQuoted } from './copy_as';
import { membersOf, type Conditions } from './list_filter';

const FLAGS: Partial<Record<keyof Conditions, string>> = {
  start_time: '--since', end_time: '--until', query: '--query', error: '--error', error_kind: '--error-kind', stage_id: '--stage', failed_stage: '--failed-stage',
  inputs_hash: '--inputs-hash', fingerprint: '--fingerprint', shape: '--shape', caller: '--caller', request_id: '--request-id',
  parent_execution_id: '--parent-execution-id', retriever_id: '--retriever-id', status: '--status', statuses: '--status', modes: '--mode',
  collection_ids: '--collection', min_duration_ms: '--min-duration', max_duration_ms: '--max-duration', returned: '--returned',
};

/** The command that exports exactly these; null where the command line cannot say them. */
export function exportCommand(conditions: Conditions, format: 'ndjson' | 'csv', detail: boolean, target: { url: string; namespace: string }): string | null {
  const words = ['trawl', '--url', target.url.replace(/\/$/, ''), '-n', target.namespace, 'executions', 'export'];
  const where: Record<string, unknown>[] = membersOf(conditions.filters);
  for (const [key, value] of Object.entries(conditions) as [keyof Conditions, unknown][]) {
    const flag = FLAGS[key];
    if (flag) {
      // What begins with a sign has to be joined to its flag.
      for (const one of Array.isArray(value) ? value : [value]) words.push(`${flag}=${String(one)}`);
    } else if (key === 'labels') {
      for (const [name, text] of Object.entries(value as Record<string, string>)) words.push(`--label=${name}=${text}`);
    } else if (key === 'execution_ids') where.push({ field: 'execution_id', operator: 'in', value });
    else if (key === 'min_credits') where.push({ field: 'credits_used', operator: 'gte', value });
    else if (key === 'max_credits') where.push({ field: 'credits_used', operator: 'lte', value });
    else if (key === 'cache_hit_rate') {
      if (typeof value === 'number') where.push({ field: key, operator: 'eq', value });
      else {
        const { min, max } = value as { min?: number; max?: number };
        if (min !== undefined) where.push({ field: key, operator: 'gte', value: min });
        if (max !== undefined) where.push({ field: key, operator: 'lte', value: max });
      }
    } else if (key !== 'filters') return null;
  }
  if (where.length > 0) words.push(`--where=${JSON.stringify(where.length > 1 ? { AND: where } : where[0])}`);
  if (detail) words.push('--detail');
  words.push('-o', `executions.${format}${format === 'ndjson' ? '.gz' : ''}`);
  return words.map(shellQuoted).join(' ');
}
