// Exports what the filter matches: read here and checked by its digest, or fetched by the browser itself.
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { isAborted, serverRoot } from '../../api/client';
import { exportExecutions, makeExportTicket } from '../../api/executions';
import { CopyButton } from '../../parts/copy';
import { Dialog } from '../../parts/dialog';
import { Choices } from '../../parts/field';
import { ErrorBox } from '../../parts/states';
import { useAction } from '../../state/action';
import { readExport, type Exported } from '../../state/export';
import { exportCommand } from '../../state/export_command';
import { bytes, plural } from '../../state/format';
import type { Conditions } from '../../state/list_filter';
import { route } from '../../state/route';
import { saveFile } from '../../state/save';
import { fieldsOf } from './columns';

const IN_MEMORY = 100_000_000; // Bytes that are held where the browser cannot write a file as it comes.

type What = 'rows' | 'columns' | 'records';
interface FilePicker { showSaveFilePicker?: (options: { suggestedName: string }) => Promise<{ createWritable: () => Promise<WritableStreamDefaultWriter & { write: (data: Uint8Array) => Promise<void>; abort: () => Promise<void> }> }> }

export function Export({ conditions, columns, total, onClose }: { conditions: Conditions; columns: string[]; total: number | null; onClose: () => void }): VNode {
  const [format, setFormat] = useState<'ndjson' | 'csv'>('ndjson');
  const [what, setWhat] = useState<What>('rows');
  const [read, setRead] = useState(0);
  const [done, setDone] = useState<Exported | null>(null);
  const [isTooLarge, setTooLarge] = useState(false);
  const abort = useRef<AbortController | null>(null);
  const { namespace } = route.value;
  const chosen: What = format === 'csv' ? 'rows' : what;
  const query = { format, detail: chosen === 'records' || undefined, trailer: true };
  const body = { ...conditions, ...(chosen === 'columns' ? { fields: [...new Set(['execution_id', ...(fieldsOf(columns) ?? columns.filter((name) => name !== 'stages'))])] } : {}) };
  const name = `executions.${format}`;
  const command = chosen === 'columns' ? null : exportCommand(conditions, format, chosen === 'records', { url: serverRoot(), namespace });

  const save = useAction(async () => {
    setDone(null);
    setRead(0);
    setTooLarge(false);
    const own = new AbortController();
    abort.current = own;
    const picker = (window as FilePicker).showSaveFilePicker;
    let file: Awaited<ReturnType<Awaited<ReturnType<NonNullable<FilePicker['showSaveFilePicker']>>>['createWritable']>> | null = null;
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    try {
      if (picker) file = await (await picker.call(window, { suggestedName: name })).createWritable();
      const response = await exportExecutions(body, query, own.signal);
      const result = await readExport(response.body!, async (part) => {
        size += part.length;
        if (file) await file.write(part);
        else if (size <= IN_MEMORY) parts.push(part);
        else {
          setTooLarge(true);
          own.abort();
        }
      }, setRead);
      own.signal.throwIfAborted();
      if (file) await file.close();
      else saveFile(name, parts, format === 'csv' ? 'text/csv' : 'application/x-ndjson');
      setDone(result);
    } catch (error) {
      await file?.abort().catch(() => undefined);
      if (!isAborted(error)) throw error;
    }
  });
  const fetchIt = useAction(async () => {
    const { url } = await makeExportTicket(body, query);
    const link = document.createElement('a');
    link.href = new URL(url.replace(/^\//, ''), serverRoot()).href;
    link.download = name;
    link.click();
  });
  const close = () => {
    abort.current?.abort();
    onClose();
  };
  return (
    <Dialog title="Export" onClose={close}>
      <div class="stack">
        <p>{total === null ? 'Everything' : plural(total, 'execution', 'executions')} that the filter matches, newest first.</p>
        <Choices label="As" name="format" value={format} onChoose={setFormat} disabled={save.busy} choices={[
          { value: 'ndjson', title: 'NDJSON', hint: 'one JSON object a line' }, { value: 'csv', title: 'CSV', hint: 'for spreadsheets' }]} />
        {format === 'ndjson' && (
          <Choices label="What of each" name="what" value={what} onChoose={setWhat} disabled={save.busy} choices={[
            { value: 'rows', title: 'The row', hint: 'thirteen fields' }, { value: 'columns', title: 'The columns shown' },
            { value: 'records', title: 'The whole record', hint: 'stages and candidates; it can be imported again' }]} />)}
        {save.busy && <p role="status">{bytes(read)} so far … <button type="button" onClick={() => abort.current?.abort()}>Stop</button></p>}
        {done && <p class="good" role="status">✓ {plural(done.rows, 'execution', 'executions')}, {bytes(done.bytes)}. The digest is that of the server: <code class="digest">{done.sha256}</code></p>}
        {isTooLarge && <p class="warn" role="alert">This is more than {bytes(IN_MEMORY)}, which this browser cannot check while it saves. Let the browser download it, or use the command.</p>}
        {save.error && <ErrorBox error={save.error}><p>Nothing was saved.</p></ErrorBox>}
        {fetchIt.error && <ErrorBox error={fetchIt.error} />}
        {command && <div class="command"><pre tabIndex={0}>{command}</pre><CopyButton text={command} label="Copy" /></div>}
        <p class="soft">The command resumes by itself, and checks what it wrote. What the browser downloads is not checked here; the last line of its file has the number of rows and the digest.</p>
        <div class="actions">
          <button type="button" onClick={close}>Close</button>
          <button type="button" disabled={fetchIt.busy || save.busy} onClick={() => void fetchIt.run()}>Let the browser download</button>
          <button type="button" class="primary" disabled={save.busy} onClick={() => void save.run()}>Save and check</button>
        </div>
      </div>
    </Dialog>);
}
