// The server itself, its namespaces, and who asks.
import { call } from './client';
import type { Health, NamespaceList, Stage, WhoAmI } from './schema';

/** `key` where another than the one in use is tried. */
export function listNamespaces(signal?: AbortSignal, key?: string): Promise<NamespaceList> {
  return call('GET', '/v1/namespaces', { query: { limit: 1000 }, signal, namespace: null, key });
}

export function health(signal?: AbortSignal): Promise<Health> {
  return call('GET', '/v1/health', { signal, namespace: null });
}

export function ready(signal?: AbortSignal): Promise<unknown> {
  return call('GET', '/readyz', { signal, namespace: null });
}

export function listStages(signal?: AbortSignal): Promise<Stage[]> {
  return call('GET', '/v1/retrievers/stages', { signal, namespace: null });
}

/** What the key of the page is, and may do. */
export function whoAmI(signal?: AbortSignal): Promise<WhoAmI> {
  return call('GET', '/v1/whoami', { signal, namespace: null });
}
