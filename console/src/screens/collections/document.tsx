// One document beside the list: a tree whose values filter, and what can be done with it.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../../api/client';
import { deleteDocument, getDocument, type Whole } from '../../api/collections';
import { Copy, CopyButton } from '../../parts/copy';
import { Confirm } from '../../parts/dialog';
import { JsonTree } from '../../parts/json_tree';
import { ErrorBox, Skeleton } from '../../parts/states';
import type { Condition } from '../../state/conditions';
import { pathOf } from '../../state/fields';
import { longTime } from '../../state/format';
import { asApiError, useLoad } from '../../state/load';
import { href, route } from '../../state/route';
import { useWhoAmI, whyNot } from '../../state/whoami';
import { Edit } from './edit';

/** What was stored: without the members that are the server's own. */
export function storedOf(document: Whole): Record<string, unknown> {
  const { document_id: _id, collection_id: _collection, _internal, ...stored } = document;
  return stored;
}

export function DocumentPane({ collection, id, version, round, onClose, onPick, onChanged, onDeleted }: {
  collection: string;
  id: string;
  version: number | null;
  round: number;
  onClose: () => void;
  onPick: (condition: Condition) => void;
  onChanged: () => void;
  onDeleted: () => void;
}): VNode {
  const document = useLoad(JSON.stringify([collection, id, version, round]), (signal) => getDocument(collection, id, version, signal));
  const who = useWhoAmI();
  const [dialog, setDialog] = useState<'edit' | 'delete' | null>(null);
  const { namespace } = route.value;
  const data = document.data;
  const returned = { returned_document: JSON.stringify({ document_id: id, collection_id: collection }) };
  const old = version === null ? undefined : 'This is an older version; only the newest can be changed.';
  const mayWrite = old ?? whyNot(who, 'write');
  const mayDelete = old ?? whyNot(who, 'delete');
  const json = () => JSON.stringify(data && { document_id: data.document_id, ...storedOf(data) }, null, 2);
  return (
    <section class="pane" aria-label="Document">
      <header class="line">
        <h2><Copy text={id} /></h2>
        <span class="spring" />
        <button type="button" class="icon" aria-label="Close the document" onClick={onClose}>×</button>
      </header>
      {document.error && (
        <ErrorBox error={document.error} onRetry={document.reload}>
          {document.error.status === 404 && <p>Runs may have returned it before it was deleted.</p>}
        </ErrorBox>)}
      {!data && !document.error && <Skeleton />}
      {data && !document.error && (
        <div class={document.isOld ? 'stack is-old' : 'stack'}>
          <div class="line">
            <a class="button" href={href(namespace, 'executions', [], returned)}>Runs that returned it</a>
            <CopyButton text={json} label="Copy JSON" />
            <button type="button" disabled={mayWrite !== undefined} onClick={() => setDialog('edit')}>Edit …</button>
            <button type="button" disabled={mayDelete !== undefined} onClick={() => setDialog('delete')}>Delete …</button>
          </div>
          {(mayWrite ?? mayDelete) && <p class="soft">{mayWrite ?? mayDelete}</p>}
          <p class="soft">Changed {longTime(data._internal.updated_at)}
            {data._internal.updated_at !== data._internal.created_at && <>, created {longTime(data._internal.created_at)}</>}</p>
          <JsonTree key={id} value={storedOf(data)} open={3} onPick={(place, value, event) => onPick({
            field: pathOf(place), operator: value === null ? 'is_null' : 'eq', value: value === null ? undefined : value, not: event.altKey })} />
          <p class="soft">A click on a value shows the documents that have it too; with Alt, those that do not.</p>
        </div>)}
      {dialog === 'edit' && data && <Edit collection={collection} document={data} onClose={() => setDialog(null)} onSaved={() => { setDialog(null); onChanged(); }} />}
      {dialog === 'delete' && <Delete collection={collection} id={id} onClose={() => setDialog(null)} onDeleted={onDeleted} />}
    </section>);
}

function Delete({ collection, id, onClose, onDeleted }: { collection: string; id: string; onClose: () => void; onDeleted: () => void }): VNode {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const remove = async () => {
    setBusy(true);
    try {
      await deleteDocument(collection, id);
      onDeleted();
    } catch (caught) {
      setError(asApiError(caught));
      setBusy(false);
    }
  };
  return (
    <Confirm title="Delete this document?" word={id.length <= 60 ? id : 'delete'} action="Delete it" busy={busy} onConfirm={() => void remove()}
      onClose={onClose} error={error && <ErrorBox error={error} />}>
      <p>From now on no run finds <code class="wrap"><bdi>{id}</bdi></code>. Runs that are replayed as they were still do, as long as older versions are kept.</p>
    </Confirm>);
}
