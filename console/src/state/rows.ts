// The rows of a list, page by page: the first for any new question, the next as one comes near the end.
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { isAborted, type ApiError } from '../api/client';
import { listExecutions, type ListBody, type Page, type Row } from '../api/executions';
import { asApiError } from './load';
import { key, offline } from './session';

export interface RowList {
  rows: Row[];
  total: number;
  isAtLeast: boolean; // `total` was counted in part.
  isPartial: boolean; // The last page was cut short by its budget; `more` goes on.
  hasMore: boolean;
  filter: Record<string, unknown> | null; // As the server understood it, with instants.
  warnings: string[];
  loading: boolean;
  isLoadingMore: boolean;
  isOld: boolean; // The rows answer an earlier question.
  hasAnswer: boolean; // There are rows of some question, or it is known that there are none.
  error: ApiError | null;
  more: () => void;
  reload: () => void;
  /** Puts rows that came by another way at the top; those known by their id are replaced in place. */
  take: (rows: Row[], keep: number) => void;
}

interface State {
  question: string | null;
  rows: Row[];
  last: Page | null;
  added: number; // Rows that came otherwise, which the total does not count.
  error: ApiError | null;
  loading: boolean;
  isLoadingMore: boolean;
}

const NOTHING: State = { question: null, rows: [], last: null, added: 0, error: null, loading: true, isLoadingMore: false };

// The first page may be asked for before anything is drawn: drawing takes longer than the answer.
let early: { question: string; page: Promise<Page>; answer: Page | null } | null = null;

const answered = (question: string, page: Page): State => (
  { question, rows: page.results, last: page, added: 0, error: null, loading: false, isLoadingMore: false });

const questionOf = (body: ListBody, limit: number): string => JSON.stringify([body, limit, key.value]);

/** Asks for the rows that useRows() will ask for first; resolves when that has an end. */
export function askEarly(body: ListBody, limit: number): Promise<unknown> {
  const own = { question: questionOf(body, limit), page: listExecutions(body, { limit }), answer: null as Page | null };
  early = own;
  return own.page.then((page) => { own.answer = page; }, () => undefined); // An error is said where it is used.
}

export function useRows(body: ListBody, limit: number): RowList {
  const question = questionOf(body, limit);
  const [state, setState] = useState<State>(() => (
    early?.question === question && early.answer ? answered(question, early.answer) : NOTHING));
  const [round, setRound] = useState(0);
  const current = useRef(state);
  current.current = state;
  const abort = useRef<AbortController | null>(null);

  // At once, not after the next drawing: nothing else is waited for so much.
  useLayoutEffect(() => {
    const own = new AbortController();
    abort.current?.abort();
    abort.current = own;
    const isHere = early?.question === question && early.answer !== null && current.current.last === early.answer;
    if (isHere) {
      early = null;
      return () => own.abort();
    }
    setState((before) => ({ ...before, loading: true, isLoadingMore: false, error: null }));
    const asked = early?.question === question ? early.page : listExecutions(body, { limit }, own.signal);
    early = null;
    asked.then(
      (page) => {
        if (own.signal.aborted) return;
        setState(answered(question, page));
      },
      (error: unknown) => {
        if (own.signal.aborted || isAborted(error)) return;
        setState((before) => ({ ...before, error: asApiError(error), loading: false }));
      });
    return () => own.abort();
  }, [question, round]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  const more = useCallback(() => {
    const { last, isLoadingMore, loading, question: of } = current.current;
    const cursor = last?.pagination.next_cursor;
    const own = abort.current;
    if (!cursor || isLoadingMore || loading || !own) return;
    setState((before) => ({ ...before, isLoadingMore: true, error: null }));
    const [asked] = JSON.parse(of!) as [ListBody];
    listExecutions(asked, { limit, cursor }, own.signal).then(
      (page) => {
        if (own.signal.aborted) return;
        setState((before) => {
          const known = new Set(before.rows.map((row) => row.execution_id));
          return { ...before, rows: [...before.rows, ...page.results.filter((row) => !known.has(row.execution_id))], last: page, isLoadingMore: false };
        });
      },
      (error: unknown) => {
        if (own.signal.aborted || isAborted(error)) return;
        setState((before) => ({ ...before, error: asApiError(error), isLoadingMore: false }));
      });
  }, [limit]);

  // What found no server is asked again as soon as there is one.
  const isBack = state.error?.status === 0 && !offline.value;
  useLayoutEffect(() => {
    if (!isBack) return;
    if (current.current.question === question) more();
    else reload();
  }, [isBack]);

  const take = useCallback((rows: Row[], keep: number) => {
    setState((before) => {
      const at = new Map(before.rows.map((row, i) => [row.execution_id, i]));
      const next = [...before.rows];
      const fresh: Row[] = [];
      for (const row of rows) {
        const known = at.get(row.execution_id);
        if (known !== undefined) next[known] = row;
        else {
          const again = fresh.findIndex((one) => one.execution_id === row.execution_id);
          if (again >= 0) fresh[again] = row;
          else fresh.unshift(row);
        }
      }
      const all = [...fresh, ...next];
      // Hours of following do not fill the memory: the oldest are let go, and read again by a reload.
      const isCut = all.length > keep;
      return { ...before, rows: isCut ? all.slice(0, keep) : all, added: before.added + fresh.length,
        last: isCut && before.last ? { ...before.last, pagination: { ...before.last.pagination, next_cursor: null } } : before.last };
    });
  }, []);

  const { last } = state;
  return {
    rows: state.rows, total: (last?.total ?? 0) + state.added, isAtLeast: last?.total_relation === 'at_least', isPartial: last?.partial === true,
    hasMore: !!last?.pagination.next_cursor, filter: last?.filter ?? null, warnings: last?.warnings ?? [],
    loading: state.loading, isLoadingMore: state.isLoadingMore, isOld: state.question !== null && state.question !== question,
    hasAnswer: last !== null, error: state.error, more, reload, take,
  };
}
