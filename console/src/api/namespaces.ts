// Namespaces: what they are called, what their history records, and for how long.
import { call, part } from './client';
import type {
  Done, Namespace, NamespaceChange, NamespaceRequest, RecordingPreview, RecordingTrial, Retention, RetentionPolicy, RetentionPreview, RetentionRunReply,
} from './schema';

const of = (namespace: string) => `/v1/namespaces/${part(namespace)}`;

export function getNamespace(namespace: string, signal?: AbortSignal): Promise<Namespace> {
  return call('GET', of(namespace), { signal, namespace: null });
}

export function createNamespace(body: NamespaceRequest): Promise<Namespace> {
  return call('POST', '/v1/namespaces', { body, namespace: null });
}

/** `recording` and `retention`, where they are given, replace the earlier ones as a whole. */
export function changeNamespace(namespace: string, body: NamespaceChange): Promise<Namespace> {
  return call('PATCH', of(namespace), { body, namespace: null });
}

/** With `force` also one that holds collections or executions, which go with it. */
export function deleteNamespace(namespace: string, force: boolean): Promise<Done> {
  return call('DELETE', of(namespace), { query: { force: force || undefined }, namespace: null });
}

/** What this policy would keep of these inputs. Nothing is stored. */
export function previewRecording(
  namespace: string, body: RecordingTrial, signal?: AbortSignal,
): Promise<RecordingPreview> {
  return call('POST', `${of(namespace)}/recording/preview`, { body, signal, namespace: null });
}

/** How many executions it has, which may be another one than the page shows. */
export async function countExecutions(namespace: string, signal?: AbortSignal): Promise<number> {
  const counted = await call<{ total: number }>('POST', '/v1/retrievers/executions/list', { body: { count_only: true }, signal, namespace });
  return counted.total;
}

/** The rules, and what their last run by this process did. */
export function getRetention(namespace: string, signal?: AbortSignal): Promise<Retention> {
  return call('GET', `${of(namespace)}/retention`, { signal, namespace: null });
}

/** What these rules would delete now, in place of the namespace's own. */
export function previewRetention(namespace: string, body: RetentionPolicy, signal?: AbortSignal): Promise<RetentionPreview> {
  return call('POST', `${of(namespace)}/retention/preview`, { body, signal, namespace: null });
}

export function runRetention(namespace: string): Promise<RetentionRunReply> {
  return call('POST', `${of(namespace)}/retention/run`, { namespace: null });
}
