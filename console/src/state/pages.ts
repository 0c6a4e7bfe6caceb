// Rows that come page by page, each when the end of those before is near.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, isAborted } from '../api/client';
import { asApiError } from './load';
import { key, offline } from './session';

export interface Answer<T, A> {
  rows: T[];
  next: string | null; // The cursor of the page after.
  about: A; // What else the first page said.
}

export interface Pages<T, A> {
  rows: readonly T[];
  about: A | null; // Of the first page.
  error: ApiError | null;
  loading: boolean;
  isOld: boolean; // The rows answer an earlier question.
  hasMore: boolean;
  more: () => void; // Asks for the next page, unless it is under way.
  reload: () => void;
}

interface State<T, A> {
  of: string | null;
  rows: T[];
  next: string | null;
  about: A | null;
  error: ApiError | null;
  loading: boolean;
}

/** As useLoad, for a list, with another key and a server that is back, too: `ask` is given the cursor, null for the first page. */
export function usePages<T, A>(
  question: string | null, ask: (cursor: string | null, signal: AbortSignal) => Promise<Answer<T, A>>,
): Pages<T, A> {
  const [state, setState] = useState<State<T, A>>({ of: null, rows: [], next: null, about: null, error: null, loading: question !== null });
  const [round, setRound] = useState(0);
  const asking = useRef({ question, ask });
  asking.current = { question, ask };
  const abort = useRef<AbortController | null>(null);
  const latest = useRef(state);
  latest.current = state;

  useEffect(() => {
    if (question === null) {
      setState({ of: null, rows: [], next: null, about: null, error: null, loading: false });
      return undefined;
    }
    const mine = new AbortController();
    abort.current = mine;
    setState((before) => ({ ...before, error: null, loading: true }));
    asking.current.ask(null, mine.signal).then(
      ({ rows, next, about }) => { if (!mine.signal.aborted) setState({ of: question, rows, next, about, error: null, loading: false }); },
      (error: unknown) => {
        if (mine.signal.aborted || isAborted(error)) return;
        setState((before) => ({ ...before, error: asApiError(error), loading: false }));
      });
    return () => mine.abort();
  }, [question, round, key.value]);

  const more = useCallback(() => {
    const { loading, next, of } = latest.current;
    // A list that was drawn for the question before may still call: its cursor is not for this one.
    if (loading || next === null || of !== question || asking.current.question !== question) return;
    const mine = abort.current!;
    const begun = { ...latest.current, error: null, loading: true };
    latest.current = begun; // Two calls before the next drawing ask once.
    setState(begun);
    asking.current.ask(next, mine.signal).then(
      (page) => {
        if (mine.signal.aborted) return;
        setState((now) => ({ ...now, rows: [...now.rows, ...page.rows], next: page.next, loading: false }));
      },
      (error: unknown) => {
        if (mine.signal.aborted || isAborted(error)) return;
        setState((now) => ({ ...now, error: asApiError(error), loading: false }));
      });
  }, [question]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  // What found no server is asked again as soon as there is one.
  const isBack = state.error?.status === 0 && state.error.type === 'Unreachable' && !offline.value;
  useEffect(() => {
    if (!isBack) return;
    if (latest.current.of === question && latest.current.next !== null) more();
    else reload();
  }, [isBack]);
  return {
    rows: state.rows, about: state.about, error: state.error, loading: state.loading,
    isOld: state.of !== question, hasMore: state.next !== null, more, reload,
  };
}
