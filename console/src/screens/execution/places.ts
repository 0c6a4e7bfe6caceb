// Where the parts of a run lead to.
import { href, route } from '../../state/route';

/** Filters the list beside which the run stands; with `exclude`, for all but this value. */
export type FilterBy = (name: string, value: string, exclude: boolean) => void;

/** The run as a page, with what of it is open. */
export function pageOf(id: string): string {
  const { namespace, params } = route.value;
  const wanted = new URLSearchParams();
  for (const name of ['tab', 'stage', 'doc', 'find']) {
    const value = params.get(name);
    if (value !== null) wanted.set(name, value);
  }
  return href(namespace, 'executions', [id], wanted);
}

/** The list with one condition. */
export function listOf(conditions: Record<string, string>): string {
  return href(route.value.namespace, 'executions', [], conditions);
}

/** Why a document is, or is not, in the results of a run. */
export function whyOf(id: string, collection: string, document: string): string {
  return href(route.value.namespace, 'why', [id, collection, document]);
}

/** The name of a document in `doc`: its collection and its own id. */
export function docName(document: { collection_id: string; document_id: string }): string {
  return `${document.collection_id}/${document.document_id}`;
}
