// Collections and their documents.
import { call, part } from './client';
import type {
  Collection, CollectionList, DistinctValues, Document, DocumentListRequest, DocumentsImported, Pagination,
} from './schema';

/** A document with its fields, or with those that `select` names. */
export type Listed = { document_id: string; collection_id: string } & Record<string, unknown>;
export type Whole = Document & Record<string, unknown>;

export interface DocumentPage {
  results: Listed[];
  pagination: Pagination;
  total_documents: number;
  warnings?: string[];
}

const of = (collection: string) => `/v1/collections/${part(collection)}`;

export function listCollections(
  body: { search?: string | null }, paging: { limit?: number; cursor?: string | null } = {}, signal?: AbortSignal,
): Promise<CollectionList> {
  return call('POST', '/v1/collections/list', { query: paging, body, signal });
}

export function getCollection(collection: string, signal?: AbortSignal): Promise<Collection> {
  return call('GET', of(collection), { signal });
}

/** Deletes it with all its documents. */
export function deleteCollection(collection: string, signal?: AbortSignal): Promise<unknown> {
  return call('DELETE', of(collection), { signal });
}

export function listDocuments(
  collection: string, body: Partial<DocumentListRequest>, paging: { limit?: number; cursor?: string | null } = {}, signal?: AbortSignal,
): Promise<DocumentPage> {
  return call('POST', `${of(collection)}/documents/list`, { query: paging, body, signal });
}

/** The document as of a version of the collection; null: the newest. */
export function getDocument(collection: string, document: string, version: number | null = null, signal?: AbortSignal): Promise<Whole> {
  return call('GET', `${of(collection)}/documents/${part(document)}`, { query: { version }, signal });
}

export function deleteDocument(collection: string, document: string, signal?: AbortSignal): Promise<unknown> {
  return call('DELETE', `${of(collection)}/documents/${part(document)}`, { signal });
}

/** Stores the whole document in place of the one of this id, or as a new one. */
export function storeDocument(collection: string, document: Record<string, unknown>, signal?: AbortSignal): Promise<DocumentsImported> {
  return call('POST', `${of(collection)}/documents/import`, {
    raw: `${JSON.stringify(document)}\n`, headers: { 'Content-Type': 'application/x-ndjson' }, signal });
}

/** The values of a field in the documents that a filter matches, the most frequent first. */
export function distinctValues(
  collection: string, body: { field: string; filters?: unknown; limit?: number }, signal?: AbortSignal,
): Promise<DistinctValues> {
  return call('POST', `${of(collection)}/documents/distinct`, { body, signal });
}
