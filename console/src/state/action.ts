// Something that is done at a click: one at a time, with what went wrong.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, type InvalidPart } from '../api/client';
import { asApiError } from './load';

export interface Action<A extends unknown[]> {
  run: (...given: A) => Promise<void>;
  busy: boolean;
  error: ApiError | null;
  clear: () => void; // Forgets the error.
}

/** `does` is not begun again while it is under way. What it throws is kept as `error`. */
export function useAction<A extends unknown[]>(does: (...given: A) => Promise<void>): Action<A> {
  const [state, setState] = useState<{ busy: boolean; error: ApiError | null }>({ busy: false, error: null });
  const latest = useRef(does);
  latest.current = does;
  const isBusy = useRef(false);
  const isShown = useRef(true);
  useEffect(() => {
    isShown.current = true;
    return () => { isShown.current = false; };
  }, []);
  const run = useCallback(async (...given: A) => {
    if (isBusy.current) return;
    isBusy.current = true;
    setState({ busy: true, error: null });
    let error: ApiError | null = null;
    try {
      await latest.current(...given);
    } catch (caught) {
      error = asApiError(caught);
    }
    isBusy.current = false;
    if (isShown.current) setState({ busy: false, error });
  }, []);
  const clear = useCallback(() => setState({ busy: false, error: null }), []);
  return { run, clear, busy: state.busy, error: state.error };
}

/** What the server says of one place of a body, such as "recording.redact[1].pattern". */
export function saidOf(error: ApiError | null, location: string): string | undefined {
  return error?.invalid.find((one: InvalidPart) => one.location === location)?.message;
}
