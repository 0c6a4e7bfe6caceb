// The inputs of a run.
import type { VNode } from 'preact';
import { CopyButton } from '../../parts/copy';
import { JsonTree } from '../../parts/json_tree';
import { inputsOf, type Run } from '../../state/run';

// What redaction leaves in the place of a value.
const REDACTED = /"(?:\*\*\*|sha256:[0-9a-f]{16})"/;

export function Inputs({ run }: { run: Run }): VNode {
  const inputs = inputsOf(run);
  if (inputs === undefined) return <p class="soft">No inputs were recorded.</p>;
  return (
    <>
      {REDACTED.test(run.inputs!) && (
        <p class="soft">Values of <code>***</code> or <code>sha256:…</code> were replaced before they were recorded. Equal values have equal hashes.</p>)}
      <div class="line"><CopyButton label="Copy JSON" text={() => run.inputs!} /></div>
      <JsonTree value={inputs} open={3} />
    </>);
}
