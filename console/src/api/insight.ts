// What the memory answers: why, explain, replay, fork, diff.
import { call, callText, part } from './client';
import type { ExplainAnswer, Fork, ForkRequest, Replay, ReplayRequest, WhyAnswer } from './schema';

const of = (id: string) => `/v1/retrievers/executions/${part(id)}`;

export function why(id: string, body: { document_id: string; collection_id?: string }, signal?: AbortSignal): Promise<WhyAnswer> {
  return call('POST', `${of(id)}/why`, { body, signal });
}

export function explain(id: string, body: { document_id: string; collection_id?: string }, signal?: AbortSignal): Promise<ExplainAnswer> {
  return call('POST', `${of(id)}/explain`, { body, signal });
}

export function replay(id: string, body: Partial<ReplayRequest>, signal?: AbortSignal): Promise<Replay> {
  return call('POST', `${of(id)}/replay`, { body, signal });
}

export function fork(id: string, body: Partial<ForkRequest>, signal?: AbortSignal): Promise<Fork> {
  return call('POST', `${of(id)}/fork`, { body, signal });
}

/** The same as texts, of a request that is JSON already: numbers are as exact as they were. */
export function replayText(id: string, json: string, signal?: AbortSignal): Promise<string> {
  return callText('POST', `${of(id)}/replay`, json, { signal });
}

export function diffText(json: string, signal?: AbortSignal): Promise<string> {
  return callText('POST', '/v1/retrievers/executions/diff', json, { signal });
}
