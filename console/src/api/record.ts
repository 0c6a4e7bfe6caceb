// One execution's record: read, followed while it runs, deleted.
import { call, part, send, type CallOptions } from './client';
import type { Done, ExecutionDetail } from './schema';

const of = (id: string) => `/v1/retrievers/executions/${part(id)}`;

export interface Tagged {
  record: ExecutionDetail;
  tag: string | null; // Its ETag.
}

function sendFor(id: string, candidates: number | null, options: CallOptions): Promise<Response> {
  const query = candidates === null ? options.query : { ...options.query, candidates: `0..${candidates}` };
  return send('GET', of(id), { ...options, query });
}

/** The record with the first `candidates` of each list (null: all of them), or null where it is still the one of `tag`. */
export async function getRecord(id: string, candidates: number | null, tag: string | null, signal?: AbortSignal): Promise<Tagged | null> {
  const response = await sendFor(id, candidates, { headers: tag ? { 'If-None-Match': tag } : {}, signal });
  if (response.status === 304) return null;
  return { record: (await response.json()) as ExecutionDetail, tag: response.headers.get('ETag') };
}

/** All of the record, as the server sends it. */
export async function getRecordText(id: string, signal?: AbortSignal): Promise<string> {
  return (await send('GET', of(id), { signal })).text();
}

/** The record without candidates, with each stage beside its own past. */
export async function getAutopsy(id: string, signal?: AbortSignal): Promise<ExecutionDetail> {
  return (await (await sendFor(id, 0, { query: { autopsy: true }, signal })).json()) as ExecutionDetail;
}

export function deleteRecord(id: string, signal?: AbortSignal): Promise<Done> {
  return call('DELETE', of(id), { signal });
}
