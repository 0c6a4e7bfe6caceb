// The playground: a pipeline as JSON, its inputs as a form, run and run again; each run beside the
// one before it.
import type { VNode } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiError, isAborted } from '../api/client';
import { execute } from '../api/execute';
import { diffText, replayText } from '../api/insight';
import { getRecordText } from '../api/record';
import type { ExecuteResponse, ExecutionDetail, ExecutionDiff, Replay } from '../api/schema';
import { ErrorBox, Note, Skeleton } from '../parts/states';
import { collectionName } from '../state/collections';
import { draftOf, labelsOf, loadDraft, loadRuns, pretty, saveDraft, saveRuns, starter, type Draft, type SessionRun } from '../state/draft';
import { duration, plural } from '../state/format';
import { inputsOf } from '../state/inputs';
import { parseExact, stringifyExact } from '../state/json_exact';
import { nodeAt, parseJson, pathOfLocation, rangeOf, valueOf } from '../state/json_text';
import { useShortcuts } from '../state/keyboard';
import { knowledge, learn, learnFields } from '../state/knowledge';
import { asApiError } from '../state/load';
import { patchIn, patchOf, stepText } from '../state/patch';
import type { Mark } from '../state/pipeline_help';
import { go, href, route } from '../state/route';
import { useWhoAmI, whyNot } from '../state/whoami';
import { Code, type CodeHandle } from './play/code';
import { InputsForm } from './play/inputs';
import { Outcome } from './play/outcome';
import { Session } from './play/session';

export default function Play(): VNode {
  const { namespace, params } = route.value;
  const from = params.get('from');
  const set = params.get('set');
  const [draft, setDraft] = useState<Draft | null>(null);
  const [said, say] = useState<string | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [round, setRound] = useState(0);
  const [load, setLoad] = useState(0);

  const loaded = useRef<string | null | undefined>(undefined); // Which `from` is shown.

  // What stands in the address is loaded once: after a reload what was written since is there.
  useEffect(() => {
    if (set === null && loaded.current === from) return undefined;
    const abort = new AbortController();
    const kept = loadDraft(namespace);
    const isNew = from !== null && (kept === null || kept.from !== from || set !== null);
    setError(null);
    void (async () => {
      const collections = learn();
      if (!isNew) {
        if (kept) return { draft: kept };
        const first = (await collections)[0];
        return { draft: starter(first?.collection_name ?? null, first?.features.find(({ type }) => type === 'bm25')?.feature_uri ?? null) };
      }
      return begin(from, set, kept, abort.signal);
    })().then((next) => {
      if (abort.signal.aborted) return;
      loaded.current = from;
      setDraft(next.draft);
      say(next.note ?? null);
      setLoad((before) => before + 1);
      if (set !== null) go(href(namespace, 'play', [], from ? { from } : {}), 'replace');
    }, (caught: unknown) => {
      if (abort.signal.aborted || isAborted(caught)) return;
      setError(asApiError(caught));
      setDraft(kept);
    });
    return () => abort.abort();
  }, [namespace, from, set, round]);

  return (
    <>
      {error && !draft && <h1>Playground</h1>}
      {error && <ErrorBox error={error} onRetry={() => setRound(round + 1)} />}
      {draft ? <Bench key={load} namespace={namespace} first={draft} note={said} /> : error ? null : <><h1>Playground</h1><Skeleton /></>}
    </>);
}

// The draft that an execution makes, with a change to it where there is one: the server applies it.
async function begin(from: string, set: string | null, kept: Draft | null, signal: AbortSignal): Promise<{ draft: Draft; note?: string }> {
  const record = parseExact(await getRecordText(from, signal)) as ExecutionDetail;
  const patch = patchIn(set);
  if (set !== null && !patch) throw new Error('The change in the address is no JSON patch: a list of {"op", "path", "value"} is expected.');
  const ask = (asOf: 'then' | 'now') => replayText(from, stringifyExact({ set: patch, record: false, as_of: asOf }), signal);
  const changed = patch ? parseExact(await ask('then').catch((caught: unknown) => {
    // Documents of then may be gone; the changed pipeline is the same over those of now.
    if (caught instanceof ApiError && caught.status === 410) return ask('now');
    throw caught;
  })) as Replay : null;
  const made = draftOf(record, changed ? changed.execution.pipeline : record.pipeline);
  if (typeof made === 'string') throw new Error(made);
  const notes = [
    changed && patch && `With the change ${patch.map((step) => stepText(step as Record<string, unknown>)).join('; ')}. ${changed.sentence}`,
    !changed && record.not_replayable && `It cannot be made again as it was: ${record.not_replayable.reason}.`,
    kept && kept.from !== from && kept.text.trim() !== '' && 'What you were writing before is one undo (Ctrl+Z in the editor) away.',
  ].filter(Boolean);
  // The text before stays in the history of the editor, so that undo brings it back.
  const draft: Draft = { ...made, label: kept?.label ?? '', skipCache: kept?.skipCache ?? false, ...(kept ? { past: { over: kept.text } } : {}) };
  return { draft, ...(notes.length > 0 ? { note: notes.join(' ') } : {}) };
}

type State =
  | { kind: 'idle' }
  | { kind: 'running'; since: number; abort: AbortController; requestId: string }
  | { kind: 'done'; answer: ExecuteResponse; before: string | null }
  | { kind: 'refused'; error: ApiError }
  | { kind: 'cancelled'; after: number; requestId: string };

interface Said {
  path: (string | number)[];
  severity: Mark['severity'];
  message: string;
  of: string; // The text of that place when it was said; another one is no longer meant.
}

function Bench({ namespace, first, note }: { namespace: string; first: Draft; note: string | null }): VNode {
  const [draft, setDraft] = useState(first);
  const [state, setState] = useState<State>({ kind: 'idle' });
  const [runs, setRuns] = useState<SessionRun[]>(() => loadRuns(namespace));
  const [says, setSays] = useState<Said[]>([]);
  const [problem, setProblem] = useState<{ text: string; from: number; to: number } | null>(null);
  const code = useRef<CodeHandle | null>(null);
  const now = useRef(draft);
  now.current = draft;
  const refusal = whyNot(useWhoAmI(), 'read');

  const timer = useRef(0);
  const keep = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = 0;
    saveDraft(namespace, { ...now.current, past: code.current?.past() });
  }, [namespace]);
  const change = (some: Partial<Draft>) => {
    now.current = { ...now.current, ...some };
    setDraft(now.current);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(keep, 300);
  };
  useEffect(() => {
    saveDraft(namespace, first);
    addEventListener('pagehide', keep);
    return () => {
      removeEventListener('pagehide', keep);
      if (timer.current) keep();
    };
  }, [keep]);
  useEffect(() => () => { if (abortOf.current) abortOf.current.abort(); }, []);
  const abortOf = useRef<AbortController | null>(null);

  const parsed = useMemo(() => parseJson(draft.text), [draft.text]);
  const names = useMemo(() => inputsOf(draft.text, parsed.root), [draft.text]);
  const schema = useMemo(() => (valueOf(nodeAt(parsed.root, ['input_schema'])) ?? {}) as Record<string, unknown>, [parsed]);
  const hasOwnInputs = nodeAt(parsed.root, ['inputs']) !== null;
  useEffect(() => {
    for (const name of [valueOf(nodeAt(parsed.root, ['collection_identifiers']))].flat()) if (typeof name === 'string') void learnFields(name);
  }, [parsed, knowledge.value.collections.length]);

  const sliceOf = (text: string, path: Said['path']) => {
    const range = rangeOf(parseJson(text).root, path);
    return range ? text.slice(range.from, range.to) : '';
  };
  const marks = useCallback((text: string): Mark[] => {
    const { root } = parseJson(text);
    return says.flatMap((one) => {
      const range = rangeOf(root, one.path);
      return range && text.slice(range.from, range.to) === one.of ? [{ ...range, severity: one.severity, message: one.message }] : [];
    });
  }, [says]);
  const mark = (text: string, found: { location: string; message: string; severity: Mark['severity'] }[]) => {
    const { root } = parseJson(text);
    setSays(found.map(({ location, message, severity }) => {
      const path = pathOfLocation(root, location);
      return { path, severity, message, of: sliceOf(text, path) };
    }));
  };
  const show = (location: string): boolean => {
    const { root } = parseJson(now.current.text);
    const range = rangeOf(root, pathOfLocation(root, location));
    if (range) code.current?.show(range.from, range.to);
    return range !== null;
  };

  const run = async () => {
    if (abortOf.current || refusal) return;
    const { text, inputs, label, skipCache, asOfThen, recorded, from } = now.current;
    const { root, problems } = parseJson(text);
    setSays([]);
    const labels = labelsOf(label);
    if (problems.length > 0 || root?.kind !== 'object' || typeof labels === 'string') {
      setState({ kind: 'idle' });
      const one = problems[0] ?? { from: 0, to: text.length, message: typeof labels === 'string' ? labels : 'A pipeline is a JSON object.' };
      setProblem({ text: typeof labels === 'string' && problems.length === 0 ? labels : `Line ${text.slice(0, one.from).split('\n').length}: ${one.message}`, ...one });
      return;
    }
    setProblem(null);
    const pipeline = parseExact(text) as Record<string, unknown>;
    const body: Record<string, unknown> = { ...pipeline };
    if (!hasOwnInputs) body.inputs = inputs;
    const ownLabels = { ...(pipeline.labels as Record<string, string> | undefined), ...labels, ...(from ? { 'console.replay_of': from } : {}) };
    if (Object.keys(ownLabels).length > 0) body.labels = ownLabels;
    if (skipCache) body.skip_cache = true;
    if (asOfThen && recorded) body.collection_versions = { ...recorded.versions, ...(pipeline.collection_versions as object | undefined) };
    const abort = new AbortController();
    abortOf.current = abort;
    const since = Date.now();
    const requestId = `console-${crypto.getRandomValues(new Uint32Array(3)).join('-')}`;
    setState({ kind: 'running', since, abort, requestId });
    try {
      const answer = await execute(stringifyExact(body), requestId, abort.signal);
      const about = answer.execution_metadata;
      const before = runs.at(-1)?.execution_id ?? from;
      setRuns(saveRuns(namespace, [...runs, {
        number: (runs.at(-1)?.number ?? 0) + 1, execution_id: answer.execution_id, status: answer.status, at: since, took_ms: answer.stage_statistics.total_time_ms,
        credits: answer.stage_statistics.credits_used, found: about.total_returned, from, text, inputs,
        first: answer.results.slice(0, 10).map((one) => `${String(one.collection_id)}/${String(one.document_id)}`),
      }]));
      setState({ kind: 'done', answer, before });
      const named = /^(stages\[\d+\][^\s]*)/;
      const stage = answer.failed_stage === null ? -1 : stageNamed(pipeline, answer.failed_stage);
      mark(text, [
        ...(answer.error ? [{ location: named.exec(answer.error)?.[1] ?? (stage >= 0 ? `stages[${stage}]` : ''), message: answer.error, severity: 'error' as const }].filter(({ location }) => location !== '') : []),
        ...answer.warnings.flatMap((message) => { const location = named.exec(message)?.[1]; return location ? [{ location, message, severity: 'warning' as const }] : []; }),
      ]);
    } catch (caught) {
      if (isAborted(caught)) setState({ kind: 'cancelled', after: Date.now() - since, requestId });
      else {
        const error = asApiError(caught);
        setState({ kind: 'refused', error });
        const placed = error.invalid.length > 0 ? error.invalid : typeof error.details.location === 'string' ? [{ location: error.details.location, message: error.message }] : [];
        mark(text, placed.filter(({ location }) => !location.startsWith('inputs') || hasOwnInputs).map((one) => ({ ...one, severity: 'error' as const })));
        if (placed[0]) show(placed[0].location);
      }
    } finally {
      abortOf.current = null;
    }
  };
  const cancel = (): boolean => {
    abortOf.current?.abort();
    return abortOf.current !== null;
  };
  useShortcuts([
    { keys: 'Ctrl+Enter', says: 'Run the pipeline', inFields: true, run: () => void run() },
    { keys: 'Escape', says: 'Cancel the run', inFields: true, run: cancel },
  ]);

  const replaceAll = (text: string, inputs: Record<string, unknown>) => {
    code.current?.replace(text);
    change({ text, inputs });
  };
  const format = () => {
    if (parsed.problems.length === 0) code.current?.replace(pretty(valueOf(parsed.root)));
    else setProblem({ text: parsed.problems[0]!.message, ...parsed.problems[0]! });
  };
  const isChanged = draft.recorded !== null && (draft.text !== draft.recorded.text || JSON.stringify(draft.inputs) !== JSON.stringify(draft.recorded.inputs));
  const refused = state.kind === 'refused' ? state.error : null;
  const saidOfInput = (name: string) => refused?.invalid.find(({ location }) => location === (name === '' ? 'inputs' : `inputs.${name}`))?.message;
  const versions = Object.entries(draft.recorded?.versions ?? {});

  return (
    <div class="play">
      <div class="line play-head">
        <h1>Playground</h1>
        {draft.from && <span>from <a href={href(namespace, 'executions', [draft.from])}><bdi>{draft.from}</bdi></a></span>}
        {isChanged && draft.recorded && <button type="button" onClick={() => replaceAll(draft.recorded!.text, draft.recorded!.inputs)}>Reset to recorded</button>}
        <span class="spring" />
        <button type="button" onClick={format} title="Writes the JSON with its usual line breaks">Format</button>
        {state.kind === 'running'
          ? <button type="button" class="danger" onClick={cancel}>Cancel <kbd>Esc</kbd></button>
          : <button type="button" class="primary" onClick={() => void run()} disabled={refusal !== undefined} title={refusal} aria-keyshortcuts="Control+Enter">▷ Run <kbd>Ctrl ⏎</kbd></button>}
      </div>
      {note && <Note>{note}</Note>}
      <div class="play-halves">
        <section class="play-left" aria-label="Pipeline">
          <Code label="Pipeline, as JSON" text={draft.text} past={draft.past} onChange={(text) => change({ text })} onRun={() => void run()} onEscape={cancel} marks={marks} handle={code} />
          <p class="soft play-hint"><kbd>Ctrl Space</kbd> offers what may stand here; point at a name for what it means. <kbd>Tab</kbd> leaves the editor.</p>
        </section>
        <section class="play-right stack" aria-label="Inputs and outcome">
          {hasOwnInputs
            ? (
              <Note>The inputs stand in the pipeline’s own <code>inputs</code>. <button type="button" class="plain link" onClick={() => {
                const { inputs, ...rest } = valueOf(parsed.root) as Record<string, unknown>;
                replaceAll(pretty(rest), (inputs ?? {}) as Record<string, unknown>);
              }}>Move them to a form</button></Note>)
            : <InputsForm names={names} schema={schema} inputs={draft.inputs} onChange={(inputs) => change({ inputs })} said={saidOfInput} />}
          <div class="line play-options">
            <label class="check-field"><input type="checkbox" checked={draft.skipCache} onChange={(event) => change({ skipCache: event.currentTarget.checked })} /> without the stage cache</label>
            {versions.length > 0 && (
              <label class="check-field" title="Searches the versions of the collections that the recorded run saw">
                <input type="checkbox" checked={draft.asOfThen} onChange={(event) => change({ asOfThen: event.currentTarget.checked })} />
                <span>over the documents of then <span class="soft">({versions.map(([id, version]) => `${collectionName(id)} v${version}`).join(', ')})</span></span>
              </label>)}
            <label class="play-label">Label <input value={draft.label} placeholder="team=search" spellcheck={false} autocomplete="off" onInput={(event) => change({ label: event.currentTarget.value })} /></label>
          </div>
          {problem && (
            <div class="error-box" role="alert"><p>{problem.text}</p>
              <button type="button" onClick={() => code.current?.show(problem.from, problem.to)}>Show it</button></div>)}
          {state.kind === 'running' && <Clock since={state.since} />}
          {state.kind === 'cancelled' && (
            <Note>Cancelled after {duration(state.after)}. The server stops the run and records it as
              cancelled: <a href={href(namespace, 'executions', [], { request_id: state.requestId })}>its record</a>.</Note>)}
          {refused && <Refused error={refused} onRetry={() => void run()} onShow={show} />}
          {state.kind === 'done' && <Outcome key={state.answer.execution_id} answer={state.answer} before={state.before} onShow={(text) => show(/^(stages\[\d+\][^\s]*)/.exec(text)?.[1] ?? '')} />}
          {state.kind === 'done' && draft.from && draft.recorded && isChanged && <TryOnMany from={draft.from} run={state.answer.execution_id} text={runs.at(-1)!.text} shape={draft.recorded.shape} />}
        </section>
      </div>
      <Session runs={runs} onPutBack={(run) => replaceAll(run.text, run.inputs)} onForget={() => setRuns(saveRuns(namespace, []))} />
    </div>);
}

function stageNamed(pipeline: Record<string, unknown>, name: string): number {
  const stages = Array.isArray(pipeline.stages) ? (pipeline.stages as Record<string, unknown>[]) : [];
  const idOf = (stage: Record<string, unknown>) => (stage?.config as Record<string, unknown> | undefined)?.stage_id ?? stage?.stage_id ?? stage?.type;
  const named = stages.findIndex((stage) => stage?.stage_name === name);
  return named >= 0 ? named : stages.findIndex((stage) => idOf(stage) === name);
}

function Clock({ since }: { since: number }): VNode {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 100);
    return () => clearInterval(timer);
  }, []);
  return <p class="line"><span role="status">Running</span> <span aria-hidden="true">{duration(Math.max(0, now - since))}</span> <span class="soft">Escape cancels it</span></p>;
}

function Refused({ error, onRetry, onShow }: { error: ApiError; onRetry: () => void; onShow: (location: string) => boolean }): VNode {
  const location = typeof error.details.location === 'string' ? error.details.location : null;
  if (error.status !== 422 && error.status !== 404) return <ErrorBox error={error} onRetry={onRetry} />;
  const all = error.invalid.length > 0 ? error.invalid : [{ location: location ?? '', message: error.message }];
  return (
    <div class="error-box" role="alert">
      <p><strong>{error.status === 422 ? 'The server does not take this' : 'Not there'}</strong> {all.length > 1 && `(${plural(all.length, 'place', 'places')})`}</p>
      <ul class="play-wrong">
        {all.map((one) => <li key={one.location}>{one.message}{one.location !== '' && !one.location.startsWith('inputs') && <> <button type="button" class="plain link" onClick={() => onShow(one.location)}>show</button></>}</li>)}
      </ul>
    </div>);
}

// From one changed run to many: what differs between the recorded one and this becomes the change of a job.
function TryOnMany({ from, run, text, shape }: { from: string; run: string; text: string; shape: string | null }): VNode {
  const { namespace } = route.value;
  const [error, setError] = useState<ApiError | null>(null);
  const [nothing, setNothing] = useState(false);
  const open = async () => {
    setError(null);
    setNothing(false);
    try {
      const answer = parseExact(await diffText(JSON.stringify({ a: from, b: run }))) as ExecutionDiff;
      if (!answer.pipeline || answer.pipeline.length === 0) {
        setNothing(true);
        return;
      }
      const patch = patchOf(answer.pipeline, (parseExact(text) as { stages?: unknown }).stages);
      const which: Record<string, string> = shape ? { shape } : {};
      go(href(namespace, 'jobs', [], { new: '1', ...which, set: stringifyExact(patch) }));
    } catch (caught) {
      setError(asApiError(caught));
    }
  };
  return (
    <div class="stack">
      <p><button type="button" onClick={() => void open()}>Try the change on the last 1,000 runs of this pipeline …</button></p>
      {nothing && <p class="soft">The pipelines do not differ, only the inputs or documents do: there is no change to try.</p>}
      {error && <ErrorBox error={error} onRetry={() => void open()} />}
    </div>);
}
