// What a screen asks of the server: one answer at a time, the old one kept until the new is there.
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiError, isAborted } from '../api/client';
import { key, offline } from './session';

export interface Loaded<T> {
  data: T | null; // The last answer, of these questions or of the ones before.
  error: ApiError | null;
  loading: boolean;
  isOld: boolean; // `data` answers an earlier question.
  reload: () => void;
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'Error', error instanceof Error ? error.message : String(error));
}

/**
 * Asks when first shown and again whenever `question` differs; what is under way is then aborted.
 * Asks again, too, with another key, and what found no server as soon as there is one.
 * A null question asks nothing.
 */
export function useLoad<T>(question: string | null, ask: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ data: T | null; of: string | null; error: ApiError | null; loading: boolean }>(
    { data: null, of: null, error: null, loading: question !== null });
  const [round, setRound] = useState(0);
  const asking = useRef(ask);
  asking.current = ask;
  useLayoutEffect(() => {
    if (question === null) {
      setState({ data: null, of: null, error: null, loading: false });
      return undefined;
    }
    const abort = new AbortController();
    setState((before) => (before.loading && before.error === null ? before : { ...before, error: null, loading: true }));
    (async () => asking.current(abort.signal))().then(
      (data) => { if (!abort.signal.aborted) setState({ data, of: question, error: null, loading: false }); },
      (error: unknown) => {
        if (abort.signal.aborted || isAborted(error)) return;
        setState((before) => ({ ...before, error: asApiError(error), loading: false }));
      });
    return () => abort.abort();
  }, [question, round, key.value]);
  const isBack = state.error?.status === 0 && state.error.type === 'Unreachable' && !offline.value;
  useLayoutEffect(() => {
    if (isBack) setRound((before) => before + 1);
  }, [isBack]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { data: state.data, error: state.error, loading: state.loading, isOld: state.of !== question, reload };
}
