// Somebody else saved the same settings while a form was open. The server has no conditional
// writes, so the page looks before it writes.
import type { VNode } from 'preact';
import { ApiError } from '../../api/client';
import type { Namespace } from '../../api/schema';
import { JsonTree } from '../../parts/json_tree';

export class Meanwhile extends ApiError {
  constructor(readonly now: Namespace) {
    super(409, 'ConflictError', 'These settings were changed while you had them open.');
  }
}

export function ChangedMeanwhile({ what, onTake, onKeep }: { what: unknown; onTake: () => void; onKeep: () => void }): VNode {
  return (
    <div class="error-box" role="alert">
      <p><strong>These settings were changed while you had them open.</strong> Nothing was saved. They now are:</p>
      <JsonTree value={what} open={3} />
      <div class="actions is-start">
        <button type="button" onClick={onTake}>Take these</button>
        <button type="button" class="danger" onClick={onKeep}>Save mine over them</button>
      </div>
    </div>);
}
