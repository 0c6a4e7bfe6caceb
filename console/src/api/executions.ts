// The history: lists, single executions, figures.
import { call, part, send } from './client';
import type {
  ExecutionAggregate, ExecutionAggregateRequest, ExecutionDetail, ExecutionList, ExecutionListRequest,
  ExecutionRow, ExecutionSelection, ExecutionsDeleted, ExportTicket,
} from './schema';

/** The body of a list or of figures: conditions by their own names. */
export type Selection = Partial<ExecutionSelection> & Record<string, unknown>;
export type ListBody = Selection & Partial<ExecutionListRequest>;
/** A row, with what `fields` asked for besides. */
export type Row = ExecutionRow & Record<string, unknown>;

export interface Page extends Omit<ExecutionList, 'results'> {
  results: Row[];
}

export function listExecutions(
  body: ListBody, paging: { limit?: number; cursor?: string | null; offset?: number } = {}, signal?: AbortSignal,
): Promise<Page> {
  return call<Page>('POST', '/v1/retrievers/executions/list', { query: paging, body, signal });
}

export function getExecution(id: string, query: Record<string, string> = {}, signal?: AbortSignal): Promise<ExecutionDetail> {
  return call('GET', `/v1/retrievers/executions/${part(id)}`, { query, signal });
}

export function aggregateExecutions(
  body: Selection & Partial<ExecutionAggregateRequest>, signal?: AbortSignal,
): Promise<ExecutionAggregate> {
  return call('POST', '/v1/retrievers/executions/aggregate', { body, signal });
}

export function deleteExecutions(body: Selection, dryRun: boolean, signal?: AbortSignal): Promise<ExecutionsDeleted> {
  return call('POST', '/v1/retrievers/executions/delete', { query: { dry_run: dryRun || undefined }, body, signal });
}

export interface ExportOptions {
  format: 'ndjson' | 'csv';
  detail?: boolean | undefined; // Whole records.
  trailer?: boolean; // Ends with a line that proves the others.
}

/** The export as it comes. */
export function exportExecutions(body: Selection & Record<string, unknown>, options: ExportOptions, signal?: AbortSignal): Promise<Response> {
  return send('POST', '/v1/retrievers/executions/export', { query: { ...options }, body, signal });
}

/** An address that gives the export once, without a key. */
export function makeExportTicket(body: Selection & Record<string, unknown>, options: ExportOptions): Promise<ExportTicket> {
  return call('POST', '/v1/retrievers/executions/export/ticket', { query: { ...options }, body });
}

/** What happens from `since` on, as events; with `once` what there is, and then the end. */
export function tailExecutions(
  options: { filter: Selection; since: string | null; fields: string[] | null; once?: boolean }, signal?: AbortSignal,
): Promise<Response> {
  return send('GET', '/v1/retrievers/executions/tail', {
    query: {
      filter: JSON.stringify(options.filter), since: options.since, fields: options.fields?.join(',') ?? null, end_after_ms: options.once ? 0 : null,
    },
    headers: { Accept: 'text/event-stream' }, signal,
  });
}
