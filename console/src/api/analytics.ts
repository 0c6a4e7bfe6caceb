// The fixed views of the history: of all executions ("adhoc"), or of those of one fingerprint or shape.
import { call, part } from './client';
import type { CachePerformance, SlowQuery, StageBreakdown } from './schema';

const of = (retriever: string) => `/v1/analytics/retrievers/${part(retriever)}`;

/** What each stage took and let through; `hours` is 1 to 720. */
export function stageBreakdown(retriever: string, hours: number, signal?: AbortSignal): Promise<StageBreakdown> {
  return call('GET', `${of(retriever)}/stages`, { query: { hours }, signal });
}

export function slowQueries(retriever: string, hours: number, limit: number, signal?: AbortSignal): Promise<SlowQuery[]> {
  return call('GET', `${of(retriever)}/slow-queries`, { query: { hours, limit }, signal });
}

export function cachePerformance(retriever: string, hours: number, signal?: AbortSignal): Promise<CachePerformance> {
  return call('GET', `${of(retriever)}/cache-performance`, { query: { hours }, signal });
}
