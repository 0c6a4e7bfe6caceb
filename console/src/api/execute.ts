// Running a pipeline, and what is known of how one is written.
import { call, callText } from './client';
import type { ExecuteResponse } from './schema';

/** `json` is the request. Aborted, the run is cancelled, and its record says so. */
export async function execute(json: string, requestId: string, signal?: AbortSignal): Promise<ExecuteResponse> {
  return JSON.parse(await callText('POST', '/v1/retrievers/execute', json, { signal, headers: { 'X-Request-Id': requestId } })) as ExecuteResponse;
}

/** The description of the API; its schemas say how a request is written. */
export function describeApi(signal?: AbortSignal): Promise<{ components: { schemas: Record<string, unknown> } }> {
  return call('GET', '/openapi.json', { signal, namespace: null });
}
