// What came of running a run again: the same, or where it first went another way.
import type { ComponentChildren, VNode } from 'preact';
import type { Replay } from '../../api/schema';
import { href, route } from '../../state/route';

/** With a `head` of the asker's own, difference is what was wanted, and no warning. */
export function ReplayAnswer({ answer, onClose, head }: { answer: Replay; onClose?: () => void; head?: ComponentChildren }): VNode {
  const { namespace } = route.value;
  const { execution_id: made } = answer;
  return (
    <div class={`note replay-answer${answer.identical || head ? '' : ' is-warning'}`}>
      <div class="line">
        <strong>{head ?? (answer.identical ? '= identical' : '≠ another way')}</strong>
        <span class="spring" />
        {onClose && <button type="button" class="icon" aria-label="Close the answer" onClick={onClose}>×</button>}
      </div>
      <p>{answer.sentence}</p>
      {answer.warnings.map((warning) => <p class="warn" key={warning}>{warning}</p>)}
      {made && (
        <p class="line">
          <a href={href(namespace, 'executions', [made])}>Open the replay</a>
          <a href={href(namespace, 'compare', [answer.original_execution_id, made])}>Compare both</a>
        </p>)}
    </div>);
}
