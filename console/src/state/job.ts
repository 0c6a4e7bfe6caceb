// A job while one looks at it: its report, and its progress until it has ended.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiError, isAborted } from '../api/client';
import { eventsOf } from '../api/events';
import { getJobText, openEvents } from '../api/jobs';
import type { ReplayJob } from '../api/schema';
import { parseExact } from './json_exact';
import { asApiError } from './load';

export const hasEnded = (job: { status: string }): boolean => job.status !== 'queued' && job.status !== 'running';

const REPORT_MS = 3000; // The report of what is done is asked for this often.
const AGAIN_MS = 2000;

// The change is exact, to be used again; all else is of the page.
function jobOf(text: string): ReplayJob {
  return { ...(JSON.parse(text) as ReplayJob), set: (parseExact(text) as ReplayJob).set };
}

export interface WatchedJob {
  job: ReplayJob | null;
  error: ApiError | null;
  reload: () => void;
}

/** The job, kept up to date. Where its stream breaks it is asked for again. */
export function useJob(id: string): WatchedJob {
  const [state, setState] = useState<{ job: ReplayJob | null; error: ApiError | null }>({ job: null, error: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    let timer = 0;
    const tell = (job: ReplayJob) => {
      if (!signal.aborted) setState((before) => ({ error: null, job: { ...job, ...(job.report ?? before.job?.report ? { report: job.report ?? before.job!.report! } : {}) } }));
    };
    const again = () => { if (!signal.aborted) timer = window.setTimeout(() => void watch(), AGAIN_MS); };
    const watch = async () => {
      try {
        const first = jobOf(await getJobText(id, signal));
        tell(first);
        if (hasEnded(first)) return;
        let reported = Date.now();
        for await (const event of eventsOf(await openEvents(first.job_id, signal))) {
          if (event.event === 'closed') break;
          tell(jobOf(event.data));
          if (event.event === 'ended' || Date.now() - reported > REPORT_MS) {
            reported = Date.now();
            tell(jobOf(await getJobText(first.job_id, signal)));
          }
          if (event.event === 'ended') return;
        }
        again();
      } catch (caught) {
        if (signal.aborted || isAborted(caught)) return;
        const error = asApiError(caught);
        // The job goes on whether or not this page hears of it.
        if (error.status === 0 || error.status === 503 || error.status === 429) again();
        setState((before) => ({ ...before, error }));
      }
    };
    setState({ job: null, error: null });
    void watch();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [id, round]);
  return { ...state, reload: useCallback(() => setRound((before) => before + 1), []) };
}

/** The causes of differences, in words. */
export const CAUSES: Record<string, string> = {
  parameters: 'the change of the pipeline', inputs: 'other inputs', documents: 'documents that were changed', answers: 'other answers of providers',
  seed: 'another seed', time: 'the time', program: 'nothing that was recorded: another version of the server',
};
