// What can be done with a run.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, serverRoot } from '../../api/client';
import { replay } from '../../api/insight';
import { deleteRecord, getRecordText } from '../../api/record';
import type { Replay } from '../../api/schema';
import { copyText } from '../../parts/copy';
import { Confirm } from '../../parts/dialog';
import { Menu } from '../../parts/menu';
import { ErrorBox, Note } from '../../parts/states';
import { asCommand, asCurl, asPython, asTypeScript, exactRequestOf, requestOf, type Target } from '../../state/copy_as';
import { hasLarge } from '../../state/json_exact';
import { asApiError } from '../../state/load';
import { BEFORE_OF_INPUTS, BEFORE_OF_SHAPE, resolveExecution } from '../../state/partner';
import { go, href, route } from '../../state/route';
import { isRunning, type Run } from '../../state/run';
import { forgetRun } from '../../state/runs';
import { useWhoAmI, whyNot } from '../../state/whoami';
import { ReplayAnswer } from './replay_answer';

const FORMS: [string, (body: unknown, target: Target) => string][] = [
  ['curl', asCurl], ['Python', asPython], ['TypeScript', asTypeScript], ['trawl execute', asCommand],
];

interface Said {
  note?: string;
  error?: ApiError;
  replaying?: string;
  replay?: Replay;
}

export function Actions({ run, onDeleted }: { run: Run; onDeleted: () => void }): VNode {
  const [said, say] = useState<Said>({});
  const [isDeleting, setDeleting] = useState(false);
  useEffect(() => say({}), [run.execution_id]);
  const { namespace } = route.value;
  const id = run.execution_id;
  const request = requestOf(run);
  const missing = 'missing' in request ? request.missing : undefined;
  const running = isRunning(run) ? 'It still runs.' : undefined;

  const copyAs = async (name: string, write: (body: unknown, target: Target) => string) => {
    let exact = request;
    if ('body' in request && hasLarge(request.body)) {
      try {
        exact = exactRequestOf(await getRecordText(id));
      } catch (error) {
        say({ error: asApiError(error) });
        return;
      }
    }
    if (!('body' in exact)) return;
    const done = await copyText(write(exact.body, { url: serverRoot(), namespace }));
    say({ note: done ? `Copied as ${name}. It reads the key from $TRAWL_API_KEY.` : 'This browser does not allow copying here.' });
  };
  const again = async (asOf: 'then' | 'now') => {
    say({ replaying: asOf });
    try {
      say({ replay: await replay(id, { as_of: asOf }) });
    } catch (error) {
      say({ error: asApiError(error) });
    }
  };
  const compareWithPrevious = async (which: string) => {
    try {
      go(href(namespace, 'compare', [await resolveExecution(which, id), id]));
    } catch (error) {
      if (error instanceof ApiError) say({ error });
      else say({ note: (error as Error).message });
    }
  };
  const mayNotDelete = whyNot(useWhoAmI(), 'delete');
  const none = 'Not recorded (summary).';
  return (
    <>
      <div class="line run-actions">
        {missing ? <button type="button" disabled title={missing}>Run again</button>
          : <a class="button" href={href(namespace, 'play', [], { from: id })} title="In the playground (r)">Run again</a>}
        <Menu label="Compare" title="Compare with another run" items={[
          { label: 'Previous run of this pipeline shape', disabled: run.shape ? undefined : none, run: () => void compareWithPrevious(BEFORE_OF_SHAPE) },
          { label: 'Previous run of these inputs', disabled: run.inputs_hash ? undefined : none, run: () => void compareWithPrevious(BEFORE_OF_INPUTS) },
          { label: 'Another run…', href: href(namespace, 'compare', [id]) },
        ]} />
        <Menu label="Replay" title="Run it again as it was" items={[
          { label: 'Over the documents of then', disabled: running ?? missing, run: () => void again('then') },
          { label: 'Over the documents of now', disabled: running ?? missing, run: () => void again('now') },
        ]} />
        <Menu label="Copy as" title="Copy as a command or a program" items={FORMS.map(([name, write]) => (
          { label: name, disabled: missing, run: () => void copyAs(name, write) }))} />
        <button type="button" class="quiet" disabled={!!(running ?? mayNotDelete)} title={running ?? mayNotDelete} onClick={() => setDeleting(true)}>Delete…</button>
      </div>
      <div class="run-said" aria-live="polite">
        {said.note && <p class="soft">{said.note}</p>}
        {said.replaying && <p class="soft">Running again over the documents of {said.replaying}…</p>}
        {said.error && <ErrorBox error={said.error} />}
        {said.replay && <ReplayAnswer answer={said.replay} onClose={() => say({})} />}
      </div>
      {run.replayable === false && run.not_replayable && (
        <Note>It cannot be replayed over the documents of then: {run.not_replayable.reason}.</Note>)}
      {isDeleting && <Delete run={run} onClose={() => setDeleting(false)} onDeleted={onDeleted} />}
    </>);
}

function Delete({ run, onClose, onDeleted }: { run: Run; onClose: () => void; onDeleted: () => void }): VNode {
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    try {
      await deleteRecord(run.execution_id);
      forgetRun(run.execution_id);
      onClose();
      onDeleted();
    } catch (caught) {
      setError(asApiError(caught));
      setBusy(false);
    }
  };
  return (
    <Confirm title="Delete this execution?" word="delete" action="Delete" busy={busy} onConfirm={() => void remove()} onClose={onClose}
      error={error && <ErrorBox error={error} />}>
      <p>Its record is gone then: inputs, candidates and results. Documents stay. It cannot be undone.</p>
      <p class="soft"><bdi>{run.execution_id}</bdi></p>
    </Confirm>);
}
