// The smallest change that carries the document past the stage that lost it: to be tried at once, or
// opened in the playground.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../../api/client';
import { replay, why } from '../../api/insight';
import type { Replay, ReplayRequest, WhyAnswer } from '../../api/schema';
import { CopyButton } from '../../parts/copy';
import { ErrorBox } from '../../parts/states';
import { asApiError } from '../../state/load';
import { href, route } from '../../state/route';
import { ReplayAnswer } from '../execution/replay_answer';

interface Tried {
  busy?: boolean;
  error?: ApiError;
  answer?: Replay;
  after?: WhyAnswer | null; // What became of the document in it.
}

export function NearestChange({ id, answer }: { id: string; answer: WhyAnswer }): VNode {
  const [tried, setTried] = useState<Tried>({});
  const change = answer.nearest_change;
  if (!change) {
    return (
      <section aria-label="The nearest change">
        <h2>No change of the pipeline carries it past</h2>
        <p class="soft">No parameter helps here, or none reaches so far: nothing is found by words that it does not have, and top_k ends at 1,000.</p>
      </section>);
  }
  const attempt = async () => {
    setTried({ busy: true });
    try {
      const made = await replay(id, { set: change.set as ReplayRequest['set'] });
      setTried({ answer: made, after: null });
      if (!made.execution_id) return;
      const after = await why(made.execution_id, {
        document_id: answer.document_id, ...(answer.collection_id ? { collection_id: answer.collection_id } : {}) });
      setTried({ answer: made, after });
    } catch (error) {
      setTried((before) => ({ ...before, busy: false, error: asApiError(error) }));
    }
  };
  const { namespace } = route.value;
  return (
    <section class="nearest" aria-label="The nearest change">
      <h2>The nearest change</h2>
      <p class="nearest-text"><code>{change.text}</code></p>
      <p>{change.reaches_results
        ? <span class="good"><span aria-hidden="true">● </span>With that it reaches the results.</span>
        : change.next ? <span class="warn"><span aria-hidden="true">○ </span>It passes that stage, and is lost at <bdi>{change.next.stage_name}</bdi> then: {change.next.sentence}.</span>
          : <span class="warn">It passes that stage, but does not reach the results.</span>}</p>
      <div class="line">
        <button type="button" class="primary" disabled={tried.busy} onClick={() => void attempt()}>{tried.busy ? 'Trying…' : 'Try it now'}</button>
        <a class="button" href={href(namespace, 'play', [], { from: id, set: JSON.stringify(change.set) })}>Open in the playground with it</a>
        <CopyButton label="Copy the JSON patch" text={() => JSON.stringify(change.set)} />
      </div>
      <div aria-live="polite">
        {tried.error && <ErrorBox error={tried.error} />}
        {tried.answer && (
          <ReplayAnswer answer={tried.answer} onClose={() => setTried({})} head={tried.after?.sentence ?? 'Tried.'} />)}
      </div>
    </section>);
}
