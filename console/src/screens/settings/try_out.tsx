// What the rules as they stand would keep of some inputs: the server's own word, nothing is stored.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { getExecution, listExecutions } from '../../api/executions';
import { previewRecording } from '../../api/namespaces';
import type { RecordingPolicy } from '../../api/schema';
import { Field } from '../../parts/field';
import { JsonTree } from '../../parts/json_tree';
import { ErrorBox } from '../../parts/states';
import { useAction } from '../../state/action';
import { plural } from '../../state/format';
import { useLoad } from '../../state/load';
import { useSettled } from '../../state/settled';

const SAMPLE = '{\n  "query": "card 1234-5678",\n  "user": {"email": "ada@example.org"}\n}';

function parsed(text: string): { value: Record<string, unknown> } | { wrong: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { wrong: 'Inputs are a JSON object, such as {"query": "white whale"}.' };
    return { value: value as Record<string, unknown> };
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
}

export function TryOut({ namespace, policy }: { namespace: string; policy: RecordingPolicy }): VNode | null {
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState(SAMPLE);
  const inputs = parsed(text);
  const question = useSettled(isOpen && 'value' in inputs ? JSON.stringify([namespace, policy, inputs.value]) : null, 300);
  const preview = useLoad(question, (signal) => {
    const [, ofPolicy, ofInputs] = JSON.parse(question!) as [string, RecordingPolicy, Record<string, unknown>];
    return previewRecording(namespace, { policy: ofPolicy, inputs: ofInputs }, signal);
  });
  const latest = useAction(async () => {
    const { results: [row] } = await listExecutions({}, { limit: 1 });
    if (!row) return;
    const { inputs: recorded } = await getExecution(row.execution_id, { candidates: '0..0' });
    const value: unknown = typeof recorded === 'string' ? JSON.parse(recorded) : recorded;
    setText(JSON.stringify(value ?? {}, null, 2));
  });
  if (preview.error?.status === 404) return null; // An older server.
  const kept = preview.data;
  return (
    <details class="try-out" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Try it: what would be kept?</summary>
      <div class="try-columns">
        <div class="stack">
          <Field label="Inputs" hint="Nothing of them is stored." error={'wrong' in inputs ? inputs.wrong : undefined}>
            {(control) => <textarea {...control} class="mono" rows={8} spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} />}
          </Field>
          <div class="actions is-start"><button type="button" disabled={latest.busy} onClick={() => void latest.run()}>Take those of the latest run</button></div>
          {latest.error && <ErrorBox error={latest.error} />}
        </div>
        <div class="stack" aria-live="polite">
          <h2 class="card-title">The record would have</h2>
          {preview.error && (preview.error.invalid.length > 0
            ? <p class="bad wrap">{preview.error.message}</p> : <ErrorBox error={preview.error} onRetry={preview.reload} />)}
          {kept && !preview.error && (
            <div class={`stack${preview.isOld || preview.loading ? ' is-old' : ''}`}>
              {kept.inputs === null ? <p>No inputs: a summary has none.</p> : <JsonTree key={question} value={kept.inputs} open={4} />}
              {kept.inputs !== null && <p class="soft">{kept.changes.length === 0
                ? 'Nothing is removed.' : `${plural(kept.changes.length, 'place differs', 'places differ')}${kept.changes_truncated ? ', and more' : ''} from what was sent.`}</p>}
            </div>)}
        </div>
      </div>
    </details>);
}
