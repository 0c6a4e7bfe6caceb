// Following the history: one stream that is taken up again where it broke, paused while nobody looks,
// and replaced by questions where the server has no stream to give.
import { ApiError, isAborted } from '../api/client';
import { eventsOf, type ServerEvent } from '../api/events';

export type FollowState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'waiting'; seconds: number } // Until it is tried again.
  | { kind: 'polling' } // All streams of the server are in use.
  | { kind: 'hidden' } // The page is not looked at.
  | { kind: 'ended'; message: string }; // It will not go on by itself.

export interface Following {
  /** Begins at an event's id, or at an instant. */
  open: (since: string | null, once: boolean, signal: AbortSignal) => Promise<Response>;
  since: string | null;
  onEvent: (event: ServerEvent) => void;
  onState: (state: FollowState) => void;
  hiddenMs?: number; // How long a page may be hidden before its stream is closed.
  pollMs?: number;
  quietMs?: number; // A stream that is silent for longer has broken on the way without a word.
}

const POLLS_BEFORE_STREAM = 12; // A stream may have become free.

/** Follows until the function that it gives is called. */
export function follow({ open, since, onEvent, onState, hiddenMs = 30_000, pollMs = 5000, quietMs = 45_000 }: Following): () => void {
  let last = since;
  let abort = new AbortController();
  let isStopped = false;
  let isHidden = false;
  let failures = 0;
  let hiding = 0;
  let wake: () => void = () => undefined;

  const sleep = (ms: number) => new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });

  // Reads one reply to its end; says whether there is any sense in another.
  const read = async (once: boolean): Promise<boolean> => {
    const own = abort;
    const response = await open(last, once, own.signal);
    if (!once) onState({ kind: 'live' });
    let silence = 0;
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(() => own.abort(), quietMs) as unknown as number;
    };
    alive();
    try {
      for await (const event of eventsOf(response, alive)) {
        failures = 0;
        if (event.id) last = event.id;
        if (event.event === 'closed') {
          const said = parsed(event.data);
          onState({ kind: 'ended', message: typeof said.message === 'string' ? said.message : 'The server ended the stream.' });
          return false;
        }
        onEvent(event);
      }
    } finally {
      clearTimeout(silence);
    }
    return true;
  };

  const run = async () => {
    let polls = 0;
    while (!isStopped) {
      if (isHidden) {
        onState({ kind: 'hidden' });
        await sleep(2 ** 31 - 1);
        continue;
      }
      abort = new AbortController();
      try {
        if (polls === 0) onState({ kind: 'connecting' });
        if (!(await read(polls > 0))) return;
        if (polls > 0) {
          polls -= 1;
          onState({ kind: 'polling' });
          await sleep(pollMs);
          continue;
        }
      } catch (error) {
        if (isStopped) return;
        if (isAborted(error)) continue;
        if (error instanceof ApiError && error.status === 503) {
          polls = polls > 0 ? polls : POLLS_BEFORE_STREAM;
          onState({ kind: 'polling' });
          await sleep(failures++ === 0 ? 0 : pollMs);
          continue;
        }
        if (error instanceof ApiError && error.status >= 400 && error.status !== 429 && error.status < 500) {
          onState({ kind: 'ended', message: error.message });
          return;
        }
      }
      if (isStopped || isHidden) continue;
      // 1, 2, 4 … 30 seconds; the server may be coming back.
      const seconds = Math.min(30, 2 ** Math.min(failures++, 5));
      for (let left = seconds; left > 0 && !isStopped && !isHidden; --left) {
        onState({ kind: 'waiting', seconds: left });
        await sleep(1000);
      }
    }
  };

  const onVisibility = () => {
    clearTimeout(hiding);
    if (document.visibilityState === 'hidden') {
      hiding = window.setTimeout(() => {
        isHidden = true;
        abort.abort();
        wake();
      }, hiddenMs);
    } else if (isHidden) {
      isHidden = false;
      failures = 0;
      wake();
    }
  };
  document.addEventListener('visibilitychange', onVisibility);
  onVisibility();
  void run();
  return () => {
    isStopped = true;
    document.removeEventListener('visibilitychange', onVisibility);
    clearTimeout(hiding);
    abort.abort();
    wake();
  };
}

export function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
