// What a click on a value filters by; it is loaded with the first click.
import { count } from './format';
import { excluding, including, merged, type Conditions, type Key } from './list_filter';

/** What a click on a value filters by, and with Alt. */
export interface Pick {
  only: string; // In words.
  include: (base: Conditions) => Conditions;
  but?: string;
  exclude?: (base: Conditions) => Conditions;
}

const exactly = (label: string, key: Key, value: unknown, field: string, text: string): Pick => ({
  only: `Only ${label} ${text}`, include: (base) => including(base, key, value),
  but: `All but ${label} ${text}`, exclude: (base) => excluding(base, field, text),
});

/** By the name of a field, or of a label as "labels.team". Null where it cannot be filtered by. */
export function pickOf(name: string, value: unknown): Pick | null {
  if (value === null || value === undefined || value === '') return null;
  const text = String(value);
  if (name.startsWith('labels.')) return exactly(name.slice(7), 'labels', { [name.slice(7)]: text }, name, text);
  switch (name) {
    case 'status': return exactly('status', 'status', text, 'status', text);
    case 'timestamp': return {
      only: 'From here on', include: (base) => including(base, 'start_time', text), but: 'Until here', exclude: (base) => including(base, 'end_time', text) };
    case 'duration_ms': return {
      only: `As slow as this, or slower`, include: (base) => including(base, 'min_duration_ms', Number(value)),
      but: 'As quick as this, or quicker', exclude: (base) => including(base, 'max_duration_ms', Number(value)) };
    case 'credits_used': return {
      only: 'As many credits, or more', include: (base) => including(base, 'min_credits', Number(value)),
      but: 'As many credits, or fewer', exclude: (base) => including(base, 'max_credits', Number(value)) };
    case 'total_returned': return Number(value) === 0 ? {
      only: 'Only what found nothing', include: (base) => including(base, 'returned', 'zero'),
      but: 'Only what found something', exclude: (base) => including(base, 'returned', 'nonzero') } : {
      only: `Found ${count(Number(value))} or more`, include: (base) => merged(base, { filters: { field: 'total_returned', operator: 'gte', value: Number(value) } }),
      but: `Found ${count(Number(value))} or fewer`, exclude: (base) => merged(base, { filters: { field: 'total_returned', operator: 'lte', value: Number(value) } }) };
    case 'cache_hit_rate': return {
      only: 'As much from the cache, or more', include: (base) => including(base, 'cache_hit_rate', { min: Number(value) }),
      but: 'As little from the cache, or less', exclude: (base) => including(base, 'cache_hit_rate', { max: Number(value) }) };
    case 'query_summary': return {
      only: 'Only this query', include: (base) => merged(base, { filters: { field: 'query_summary', operator: 'eq', value: text } }),
      but: 'All but this query', exclude: (base) => excluding(base, 'query_summary', text) };
    case 'error': return {
      only: 'Only this error', include: (base) => merged(base, { filters: { field: 'error', operator: 'eq', value: text } }),
      but: 'All but this error', exclude: (base) => excluding(base, 'error', text) };
    case 'error_kind': return { only: 'Only errors of this kind', include: (base) => including(base, 'error_kind', text) };
    case 'execution_mode': return exactly('mode', 'modes', [text], 'execution_mode', text);
    case 'collection': case 'collection_ids': case 'collection_id': return exactly('collection', 'collection_ids', [text], 'collection_ids', text);
    case 'stage_id': return exactly('stage', 'stage_id', text, 'stage_id', text);
    case 'failed_stage': return exactly('failed in', 'failed_stage', text, 'failed_stage', text);
    case 'caller': case 'caller_key_id': return exactly('key', 'caller', text, 'caller', text);
    case 'shape': case 'fingerprint': case 'inputs_hash': case 'request_id': case 'parent_execution_id': case 'retriever_id':
      return exactly(name.replaceAll('_', ' '), name as Key, text, name, text);
    case 'client': case 'trace_id': case 'relation': return {
      only: `Only ${name.replace('_', ' ')} ${text}`, include: (base) => merged(base, { filters: { field: name, operator: 'eq', value: text } }),
      but: `All but ${name.replace('_', ' ')} ${text}`, exclude: (base) => excluding(base, name, text) };
    default: return null;
  }
}

/** The conditions with the value of a field or label, or without; null where it cannot be filtered by. */
export function picked(base: Conditions, name: string, value: unknown, exclude: boolean): Conditions | null {
  const pick = pickOf(name, value);
  if (pick === null) return null;
  return exclude ? pick.exclude?.(base) ?? null : pick.include(base);
}
