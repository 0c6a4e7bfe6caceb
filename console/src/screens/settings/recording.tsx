// What the history of the namespace records: everything or a summary, and what is removed first.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../../api/client';
import { changeNamespace, getNamespace } from '../../api/namespaces';
import type { Namespace } from '../../api/schema';
import { Choices } from '../../parts/field';
import { ErrorBox, Note, Skeleton } from '../../parts/states';
import { saidOf, useAction } from '../../state/action';
import { isSame, moved, newRule, recordingDraft, recordingPolicy, ruleBy, type RecordingDraft, type RuleDraft } from '../../state/policies';
import { useLoad } from '../../state/load';
import { route } from '../../state/route';
import { say } from '../../state/said';
import { useWhoAmI, whyNot } from '../../state/whoami';
import { ChangedMeanwhile, Meanwhile } from './meanwhile';
import { TryOut } from './try_out';

const MODES = [
  { value: 'full', title: 'Everything', hint: 'inputs, pipeline, the documents at each boundary, results' },
  { value: 'summary', title: 'A summary', hint: 'counts, times and errors of the stages; no inputs, no documents, nothing to replay' },
] as const;

export function Recording(): VNode {
  const { namespace } = route.value;
  const loaded = useLoad(namespace, (signal) => getNamespace(namespace, signal));
  if (!loaded.data) return loaded.error ? <ErrorBox error={loaded.error} onRetry={loaded.reload} /> : <Skeleton label="Loading what is recorded" />;
  return <Form namespace={namespace} first={loaded.data} />;
}

function Form({ namespace, first }: { namespace: string; first: Namespace }): VNode {
  const reason = whyNot(useWhoAmI(), 'change_recording');
  const [saved, setSaved] = useState(first.recording);
  const [draft, setDraft] = useState<RecordingDraft>(() => recordingDraft(first.recording));
  const policy = recordingPolicy(draft);
  const isChanged = !isSame(recordingPolicy(recordingDraft(saved)), policy);
  const set = (part: Partial<RecordingDraft>) => {
    setDraft((before) => ({ ...before, ...part }));
  };
  const reset = (to: Namespace['recording']) => {
    setSaved(to);
    setDraft(recordingDraft(to));
    save.clear();
  };
  const save = useAction(async (overAll: boolean) => {
    if (!overAll) {
      const now = await getNamespace(namespace);
      if (!isSame(now.recording, saved)) throw new Meanwhile(now);
    }
    reset((await changeNamespace(namespace, { recording: policy })).recording);
    say('Saved. It holds for what is recorded from now on.');
  });
  const setRule = (at: number, rule: RuleDraft) => set({ rules: draft.rules.map((one, i) => (i === at ? rule : one)) });

  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); void save.run(false); }}>
      {reason && <Note>{reason}</Note>}
      <Choices label={<>What the history of <bdi>{namespace}</bdi> keeps of an execution</>} name="mode" value={draft.mode} choices={MODES}
        disabled={!!reason} onChoose={(mode) => set({ mode })} />
      <fieldset class="rules" disabled={!!reason}>
        <legend>Removed before anything is written</legend>
        <p class="soft">The first rule that matches a value decides. The reply to the caller keeps it; quotes of it elsewhere in the record go too.</p>
        {draft.rules.length === 0 && <p>Nothing: inputs are recorded as they come.</p>}
        <ol class="rule-list">
          {draft.rules.map((rule, at) => (
            <Rule key={rule.id} rule={rule} at={at} last={draft.rules.length - 1}
              error={saidOf(save.error, `recording.redact[${at}].${rule.by}`) ?? saidOf(save.error, `recording.redact[${at}].action`) ?? saidOf(save.error, `recording.redact[${at}]`)}
              onChange={(next) => setRule(at, next)}
              onMove={(to) => set({ rules: moved(draft.rules, at, to) })}
              onRemove={() => set({ rules: draft.rules.filter((one) => one !== rule) })} />))}
        </ol>
        <div class="actions is-start">
          <button type="button" onClick={() => set({ rules: [...draft.rules, newRule()] })} disabled={draft.rules.length >= 64}>Add a rule</button>
        </div>
      </fieldset>
      {!reason && <TryOut namespace={namespace} policy={policy} />}
      {save.error instanceof Meanwhile
        ? <ChangedMeanwhile what={save.error.now.recording} onTake={() => reset((save.error as Meanwhile).now.recording)} onKeep={() => void save.run(true)} />
        : save.error && !saidAtRules(save.error) && <ErrorBox error={save.error} />}
      <div class="actions is-start">
        <button type="submit" class="primary" disabled={!!reason || !isChanged || save.busy}>{save.busy ? 'Saving …' : 'Save'}</button>
        <button type="button" disabled={!isChanged || save.busy} onClick={() => reset(saved)}>Undo the changes</button>
      </div>
      <p class="soft">What was recorded before stays as it is. Delete it, if it must go.</p>
    </form>);
}

// Whether the rows show all that is wrong.
function saidAtRules(error: ApiError): boolean {
  return error.invalid.length > 0 && error.invalid.every(({ location }) => /^recording\.redact\[\d+\]/.test(location));
}

function Rule({ rule, at, last, error, onChange, onMove, onRemove }: {
  rule: RuleDraft; at: number; last: number; error: string | undefined;
  onChange: (rule: RuleDraft) => void; onMove: (to: number) => void; onRemove: () => void;
}): VNode {
  const name = `Rule ${at + 1}`;
  const errorId = `rule-${rule.id}-error`;
  return (
    <li>
      <div class="rule">
        <select value={rule.by} aria-label={`${name}: by field or pattern`} onChange={(event) => onChange(ruleBy(rule, event.currentTarget.value as RuleDraft['by']))}>
          <option value="field">field</option>
          <option value="pattern">pattern</option>
        </select>
        <input class="mono rule-what" value={rule.what} required spellcheck={false} autocomplete="off" maxLength={rule.by === 'field' ? 256 : 1000}
          aria-label={`${name}: ${rule.by === 'field' ? 'path into the inputs' : 'regular expression'}`}
          aria-invalid={error ? 'true' : undefined} aria-describedby={error ? errorId : undefined}
          placeholder={rule.by === 'field' ? 'user.email' : '[0-9]{4}-[0-9]{4}'}
          onInput={(event) => onChange({ ...rule, what: event.currentTarget.value })} />
        <select value={rule.action} aria-label={`${name}: what is done`} onChange={(event) => onChange({ ...rule, action: event.currentTarget.value as RuleDraft['action'] })}>
          {rule.by === 'field' && <option value="drop">is left out</option>}
          <option value="mask">becomes ***</option>
          <option value="hash">becomes a hash</option>
        </select>
        <button type="button" class="icon" disabled={at === 0} onClick={() => onMove(at - 1)} aria-label={`${name}: earlier`}>↑</button>
        <button type="button" class="icon" disabled={at === last} onClick={() => onMove(at + 1)} aria-label={`${name}: later`}>↓</button>
        <button type="button" class="icon" onClick={onRemove} aria-label={`${name}: remove`}>×</button>
      </div>
      {error && <p id={errorId} class="bad hint" role="alert">{error}</p>}
    </li>);
}
