// A file of JSON lines on its way into a collection: what is sent, what was stored, what was not.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, isAborted, part } from '../../api/client';
import type { DocumentsImported } from '../../api/schema';
import { upload } from '../../api/upload';
import { Dialog } from '../../parts/dialog';
import { useFocus } from '../../parts/focus';
import { ErrorBox, Note } from '../../parts/states';
import { cellText } from '../../state/fields';
import { bytes, count, percent, plural } from '../../state/format';
import { linesOf } from '../../state/lines';
import { asApiError } from '../../state/load';
import { saveFile } from '../../state/save';

type Step =
  | { name: 'choose' }
  | { name: 'sending'; sent: number }
  | { name: 'done'; answer: DocumentsImported; texts: Map<number, string> }
  | { name: 'failed'; error: ApiError; stopped: boolean };

export function Import({ collection, file: dropped, onClose, onDone }: {
  collection: string; file: File | null; onClose: () => void; onDone: () => void;
}): VNode {
  const [file, setFile] = useState<File | null>(dropped);
  const [step, setStep] = useState<Step>({ name: 'choose' });
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const send = async () => {
    if (!file) return;
    abort.current = new AbortController();
    setStep({ name: 'sending', sent: 0 });
    try {
      const answer = await upload<DocumentsImported>(
        `/v1/collections/${part(collection)}/documents/import`, file, 'application/x-ndjson',
        (sent) => setStep((now) => (now.name === 'sending' ? { name: 'sending', sent: Math.min(sent, file.size) } : now)), abort.current.signal);
      const bad = [...answer.errors, ...(answer.warnings ?? [])].map(({ line }) => line);
      setStep({ name: 'done', answer, texts: await linesOf(file, bad, 200).catch(() => new Map<number, string>()) });
      if (answer.imported_count > 0) onDone();
    } catch (error) {
      setStep({ name: 'failed', error: asApiError(error), stopped: isAborted(error) });
      onDone(); // Lines that had arrived are stored.
    }
  };

  return (
    <Dialog title={`Import into ${cellText(collection, 60)}`} onClose={onClose} wide={step.name === 'done' && step.answer.failed_count > 0}>
      {step.name === 'choose' && (
        <form class="stack" onSubmit={(event) => { event.preventDefault(); void send(); }}>
          <p>A file of JSON lines: one document a line. A <code>document_id</code> that is there already is replaced; a line without one gets a new one.</p>
          <label class="field drop"
            onDragOver={(event) => event.preventDefault()}
            onDrop={(event) => { event.preventDefault(); event.stopPropagation(); setFile(event.dataTransfer?.files[0] ?? null); }}>
            {file ? <span><bdi class="wrap">{file.name}</bdi>, {bytes(file.size)}</span> : 'Choose a file, or drop it here'}
            <input type="file" accept=".ndjson,.jsonl,.json,.txt,application/x-ndjson" onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)} />
          </label>
          {file?.size === 0 && <Note kind="warning">The file is empty.</Note>}
          <div class="actions">
            <button type="button" onClick={onClose}>Cancel</button>
            <button type="submit" class="primary" disabled={!file || file.size === 0}>Import</button>
          </div>
        </form>)}
      {step.name === 'sending' && file && <Sending file={file} sent={step.sent} onStop={() => abort.current?.abort()} />}
      {step.name === 'failed' && (
        <div class="stack">
          {step.stopped ? <Note kind="warning">Stopped. Lines that had arrived by then may be stored; importing the file again replaces them.</Note>
            : <ErrorBox error={step.error} />}
          <div class="actions">
            <button type="button" onClick={onClose}>Close</button>
            <button type="button" class="primary" onClick={() => void send()}>Import again</button>
          </div>
        </div>)}
      {step.name === 'done' && file && <Done file={file} answer={step.answer} texts={step.texts} onClose={onClose} />}
    </Dialog>);
}

function Sending({ file, sent, onStop }: { file: File; sent: number; onStop: () => void }): VNode {
  const all = sent >= file.size;
  return (
    <div class="stack">
      <label class="field">{all ? 'Sent. The server stores what it was given …' : `${bytes(sent)} of ${bytes(file.size)} sent, ${percent(sent / file.size)}`}
        {all ? <progress /> : <progress max={file.size} value={sent} />}
      </label>
      <div class="actions"><button type="button" onClick={onStop}>Stop</button></div>
    </div>);
}

function Done({ file, answer, texts, onClose }: {
  file: File; answer: DocumentsImported; texts: Map<number, string>; onClose: () => void;
}): VNode {
  const close = useFocus<HTMLButtonElement>();
  const save = async () => {
    const lines = answer.errors.map(({ line }) => line);
    const whole = await linesOf(file, lines, Number.POSITIVE_INFINITY);
    saveFile('not-stored.ndjson', lines.map((line) => `${whole.get(line) ?? ''}\n`), 'application/x-ndjson');
  };
  return (
    <div class="stack" role="status">
      <p><strong class="good">{plural(answer.imported_count, 'document', 'documents')} stored</strong>
        {answer.failed_count > 0 && <>, <strong class="bad">{plural(answer.failed_count, 'line', 'lines')} not</strong></>}.</p>
      {answer.failed_count > 0 && <Lines title="Lines that were not stored" lines={answer.errors} all={answer.failed_count} texts={texts} />}
      {(answer.warning_count ?? 0) > 0 && <Lines title="Warnings" lines={answer.warnings ?? []} all={answer.warning_count!} texts={texts} />}
      <div class="actions">
        {answer.failed_count > 0 && answer.failed_count <= answer.errors.length && (
          <button type="button" onClick={() => void save()}>Save these lines</button>)}
        <button type="button" class="primary" ref={close} onClick={onClose}>Close</button>
      </div>
    </div>);
}

function Lines({ title, lines, all, texts }: { title: string; lines: DocumentsImported['errors']; all: number; texts: Map<number, string> }): VNode {
  return (
    <div class="table-box">
      <table>
        <caption>{title}{all > lines.length && `: the first ${count(lines.length)} of ${count(all)}`}</caption>
        <thead><tr><th scope="col" class="is-end">Line</th><th scope="col">Why</th><th scope="col">Text</th></tr></thead>
        <tbody>
          {lines.map(({ line, message }, i) => (
            <tr key={i}>
              <td class="is-end">{count(line)}</td><td>{message}</td><td class="mono"><bdi>{cellText(texts.get(line), 160)}</bdi></td>
            </tr>))}
        </tbody>
      </table>
    </div>);
}
