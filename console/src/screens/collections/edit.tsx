// A document as JSON, changed in two steps: what is written, then what that changes.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../../api/client';
import { getDocument, storeDocument, type Whole } from '../../api/collections';
import { Dialog } from '../../parts/dialog';
import { useFocus } from '../../parts/focus';
import { ErrorBox, Note } from '../../parts/states';
import { cellText } from '../../state/fields';
import { plural } from '../../state/format';
import { changesBetween, type Change } from '../../state/json_changes';
import { asApiError } from '../../state/load';
import { storedOf } from './document';

export function Edit({ collection, document, onClose, onSaved }: {
  collection: string; document: Whole; onClose: () => void; onSaved: () => void;
}): VNode {
  const [text, setText] = useState(() => JSON.stringify(storedOf(document), null, 2));
  const [problem, setProblem] = useState<string | null>(null);
  const [changes, setChanges] = useState<Change[] | null>(null);
  const [written, setWritten] = useState<Record<string, unknown>>({});
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);

  const check = (event: Event) => {
    event.preventDefault();
    setProblem(null);
    try {
      const read: unknown = JSON.parse(text);
      if (read === null || typeof read !== 'object' || Array.isArray(read)) throw new Error('A document is an object, {…}.');
      const own = ['document_id', 'collection_id', '_internal'].filter((name) => name in read);
      if (own.length > 0) throw new Error(`${own.join(', ')}: the server sets this. To copy the document under another id, import it.`);
      const found = changesBetween(storedOf(document), read);
      if (found.length === 0) throw new Error('Nothing is changed.');
      setWritten(read as Record<string, unknown>);
      setChanges(found);
    } catch (caught) {
      setProblem(caught instanceof Error ? caught.message : String(caught));
    }
  };

  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      // Somebody may have written it meanwhile; their change is not to be lost unseen.
      const now = await getDocument(collection, document.document_id);
      if (now._internal.updated_at !== document._internal.updated_at) {
        setProblem('The document was changed meanwhile, and nothing is saved. Close this, look at it again, and change it then.');
        setChanges(null);
        return;
      }
      const answer = await storeDocument(collection, { document_id: document.document_id, ...written });
      if (answer.failed_count > 0) {
        setProblem(answer.errors[0]?.message ?? 'The server did not store it.');
        setChanges(null);
        return;
      }
      onSaved();
    } catch (caught) {
      setError(asApiError(caught));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog title={changes ? 'Save these changes?' : 'Edit the document'} onClose={onClose} wide>
      {changes ? <Review changes={changes} error={error} busy={busy} onBack={() => setChanges(null)} onSave={() => void save()} /> : (
        <form class="stack" onSubmit={check}>
          <label class="field">Fields of <bdi class="mono">{cellText(document.document_id, 80)}</bdi>
            <textarea class="mono" rows={20} value={text} spellcheck={false} autofocus aria-invalid={problem !== null}
              onInput={(event) => setText(event.currentTarget.value)} />
          </label>
          {problem && <p class="bad" role="alert">{problem}</p>}
          <div class="actions">
            <button type="button" onClick={onClose}>Cancel</button>
            <button type="submit" class="primary">See what changes</button>
          </div>
        </form>)}
    </Dialog>);
}

function Review({ changes, error, busy, onBack, onSave }: {
  changes: Change[]; error: ApiError | null; busy: boolean; onBack: () => void; onSave: () => void;
}): VNode {
  const first = useFocus<HTMLButtonElement>();
  return (
    <div class="stack">
      <ChangeTable changes={changes} />
      <Note>Saving writes a new version of the collection, which searches see at once. Runs of before can still be replayed over the old one.</Note>
      {error && <ErrorBox error={error} />}
      <div class="actions">
        <button type="button" onClick={onBack}>Back</button>
        <button type="button" class="primary" disabled={busy} ref={first} onClick={onSave}>{busy ? 'Saving …' : `Save ${plural(changes.length, 'change', 'changes')}`}</button>
      </div>
    </div>);
}

function ChangeTable({ changes }: { changes: Change[] }): VNode {
  const shown = (value: unknown) => (value === undefined ? <span class="soft">not there</span> : <bdi>{cellText(JSON.stringify(value), 300)}</bdi>);
  return (
    <div class="table-box">
      <table>
        <thead><tr><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
        <tbody>
          {changes.map(({ path, before, after }) => (
            <tr key={path}><th scope="row"><bdi>{path}</bdi></th><td>{shown(before)}</td><td>{shown(after)}</td></tr>))}
        </tbody>
      </table>
    </div>);
}
