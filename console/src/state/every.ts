// Something that is done again and again while the page is looked at.
import { useEffect, useRef } from 'preact/hooks';

/** Calls `run` so many milliseconds after the last time it ended; null: not at all. A hidden page waits. */
export function useEvery(ms: number | null, run: (signal: AbortSignal) => Promise<unknown>): void {
  const running = useRef(run);
  running.current = run;
  useEffect(() => {
    if (ms === null) return undefined;
    const abort = new AbortController();
    let timer = 0;
    const later = () => { if (!abort.signal.aborted) timer = window.setTimeout(once, ms); };
    const once = () => {
      if (document.visibilityState === 'hidden') later();
      else running.current(abort.signal).catch(() => undefined).finally(later); // What failed is tried again.
    };
    later();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [ms]);
}
