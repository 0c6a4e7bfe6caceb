// Records on their way: those that have ended never change, so the last few are kept for going back
// and forth, and one may be fetched before it is asked for.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, isAborted } from '../api/client';
import { getRecord } from '../api/record';
import type { ExecutionDetail } from '../api/schema';
import { FIRST, firstOfRecord, recordName } from './early_record';
import { asApiError, useLoad } from './load';
import { isRunning, runOf, type Run } from './run';

const KEPT = 12;
const kept = new Map<string, Promise<{ run: Run; tag: string | null }>>();

function keep(id: string, ask: () => Promise<{ record: ExecutionDetail; tag: string | null } | null>) {
  const name = recordName(id);
  const asked = ask().then((answer) => {
    const run = runOf(answer!.record);
    if (isRunning(run)) kept.delete(name);
    return { run, tag: answer!.tag };
  });
  asked.catch(() => kept.delete(name));
  kept.set(name, asked);
  while (kept.size > KEPT) kept.delete(kept.keys().next().value!);
  return asked;
}

/** Fetches a record that may be wanted soon. */
export function prefetchRun(id: string): void {
  if (!kept.has(recordName(id))) keep(id, () => firstOfRecord(id));
}

/** The record with all candidates, once somebody wants them; `run` itself where it has them all. */
export function useWhole(run: Run, wanted = true): { run: Run | null; error: ApiError | null; retry: () => void } {
  const asked = useLoad(run.isWhole || !wanted ? null : recordName(run.execution_id), async (signal) =>
    runOf((await getRecord(run.execution_id, null, null, signal))!.record));
  if (run.isWhole) return { run, error: null, retry: asked.reload };
  return { run: asked.isOld || !wanted ? null : asked.data, error: asked.error, retry: asked.reload };
}

/** Forgets a record, as after it was deleted. */
export function forgetRun(id: string): void {
  kept.delete(recordName(id));
}

export interface Followed {
  run: Run | null; // The last one read, of `id` or of the one before it.
  error: ApiError | null;
  isOld: boolean; // `run` is not of `id`.
  reload: () => void;
}

/** The record of `id`, read again each second while it runs; unchanged it costs 304 and no bytes. */
export function useRun(id: string): Followed {
  const [state, setState] = useState<{ run: Run | null; name: string; error: ApiError | null }>({ run: null, name: '', error: null });
  const [round, setRound] = useState(0);
  const name = recordName(id);
  const shown = useRef(state);
  shown.current = state;
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    let tag: string | null = null;
    const fail = (error: unknown) => {
      if (abort.signal.aborted || isAborted(error)) return;
      setState((before) => ({ ...before, error: asApiError(error) }));
    };
    const show = (run: Run) => {
      if (abort.signal.aborted) return;
      setState({ run, name, error: null });
      if (isRunning(run)) timer = window.setTimeout(poll, 1000);
    };
    const poll = () => {
      getRecord(id, FIRST, tag, abort.signal).then((answer) => {
        if (abort.signal.aborted) return;
        if (answer === null) {
          timer = window.setTimeout(poll, 1000);
          return;
        }
        tag = answer.tag;
        show(runOf(answer.record));
      }, fail);
    };
    if (shown.current.name !== name) setState((before) => ({ ...before, error: null }));
    // What is fetched here may be wanted again, so going on to the next row does not abort it.
    (kept.get(name) ?? keep(id, () => firstOfRecord(id))).then(({ run, tag: first }) => {
      tag = first;
      show(run);
    }, fail);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [name, round]);
  return {
    run: state.run, error: state.error, isOld: state.name !== name,
    reload: () => { forgetRun(id); setRound((before) => before + 1); },
  };
}
