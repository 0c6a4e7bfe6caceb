// Jobs that run many executions again.
import { call, callText, part, send } from './client';
import type { ReplayJob, ReplayJobItem } from './schema';

const ALL = '/v1/retrievers/executions/replay-jobs';
const of = (id: string) => `${ALL}/${part(id)}`;

export function listJobs(signal?: AbortSignal): Promise<{ results: ReplayJob[]; total: number }> {
  return call('GET', ALL, { query: { limit: 100 }, signal });
}

/** `json` is the request. */
export async function startJob(json: string): Promise<ReplayJob> {
  return JSON.parse(await callText('POST', ALL, json)) as ReplayJob;
}

/** How far it is, with the report of what is done: a ReplayJob as JSON. */
export async function getJobText(id: string, signal?: AbortSignal): Promise<string> {
  return (await send('GET', of(id), { signal })).text();
}

/** What became of each execution, from a place on. */
export function listItems(
  id: string, query: { outcome?: string | null; results_changed?: boolean | null; from?: number; limit?: number }, signal?: AbortSignal,
): Promise<{ results: ReplayJobItem[]; next_from: number | null }> {
  return call('GET', `${of(id)}/executions`, { query, signal });
}

/** Its progress as server-sent events, until it has ended. */
export function openEvents(id: string, signal: AbortSignal): Promise<Response> {
  return send('GET', `${of(id)}/events`, { signal, headers: { Accept: 'text/event-stream' } });
}

export function cancelJob(id: string): Promise<ReplayJob> {
  return call('POST', `${of(id)}/cancel`);
}

export function deleteJob(id: string): Promise<unknown> {
  return call('DELETE', of(id));
}
