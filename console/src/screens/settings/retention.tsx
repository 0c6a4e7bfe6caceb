// For how long the history of the namespace is kept. What the rules would delete is shown before
// they can be saved.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { changeNamespace, getNamespace, getRetention, previewRetention, runRetention } from '../../api/namespaces';
import type { PruneReport, PruneRun, RetentionPolicyShown } from '../../api/schema';
import { Confirm } from '../../parts/dialog';
import { Field } from '../../parts/field';
import { ErrorBox, Note, Skeleton } from '../../parts/states';
import { saidOf, useAction } from '../../state/action';
import { bytes, count, duration, longTime, plural } from '../../state/format';
import { useLoad } from '../../state/load';
import { isSame, newStatusAge, retentionDraft, retentionPolicy, statusTwice, type RetentionDraft } from '../../state/policies';
import { route } from '../../state/route';
import { say } from '../../state/said';
import { useSettled } from '../../state/settled';
import { useWhoAmI, whyNot } from '../../state/whoami';
import { ChangedMeanwhile, Meanwhile } from './meanwhile';

export function Retention(): VNode {
  const { namespace } = route.value;
  const loaded = useLoad(namespace, (signal) => getRetention(namespace, signal));
  if (!loaded.data) return loaded.error ? <ErrorBox error={loaded.error} onRetry={loaded.reload} /> : <Skeleton label="Loading the rules of retention" />;
  return (
    <>
      <Rules namespace={namespace} first={loaded.data.retention} onSaved={loaded.reload} />
      <LastRun namespace={namespace} run={loaded.data.last_run} hasRules={Object.keys(loaded.data.retention).length > 0} onRun={loaded.reload} />
    </>);
}

function Rules({ namespace, first, onSaved }: { namespace: string; first: RetentionPolicyShown; onSaved: () => void }): VNode {
  const reason = whyNot(useWhoAmI(), 'change_retention');
  const [saved, setSaved] = useState(first);
  const [draft, setDraft] = useState<RetentionDraft>(() => retentionDraft(first));
  const [isAsking, ask] = useState(false);
  const set = (part: Partial<RetentionDraft>) => {
    setDraft((before) => ({ ...before, ...part }));
  };
  const policy = retentionPolicy(draft);
  const twice = statusTwice(draft);
  const isChanged = !isSame(retentionPolicy(retentionDraft(saved)), policy);
  const question = isChanged && !twice ? JSON.stringify(policy) : null;
  const settled = useSettled(question, 300);
  const preview = useLoad(settled, (signal) => previewRetention(namespace, JSON.parse(settled!) as typeof policy, signal));
  const isKnown = question !== null && settled === question && preview.data !== null && !preview.isOld && !preview.loading && !preview.error;
  const goes = isKnown ? preview.data!.would_delete : null;

  const reset = (to: RetentionPolicyShown) => {
    setSaved(to);
    setDraft(retentionDraft(to));
    save.clear();
  };
  const save = useAction(async (overAll: boolean) => {
    ask(false);
    if (!overAll) {
      const now = await getNamespace(namespace);
      if (!isSame(now.retention, saved)) throw new Meanwhile(now);
    }
    reset((await changeNamespace(namespace, { retention: policy })).retention);
    say('Saved. The rules are applied once a minute.');
    onSaved();
  });
  const invalid = (name: string) => (isChanged ? saidOf(preview.error, name) : undefined) ?? saidOf(save.error, `retention.${name}`);

  return (
    <form class="stack" onSubmit={(event) => {
      event.preventDefault();
      if (!goes) return;
      if (goes.total > 0) ask(true);
      else void save.run(false);
    }}>
      {reason && <Note>{reason}</Note>}
      <fieldset class="rules" disabled={!!reason}>
        <legend>An execution of <bdi>{namespace}</bdi> is deleted as soon as one of these says so</legend>
        <div class="field-row">
          <Field label="Older than" hint="Such as 90m, 12h, 30d or 8w; empty: never" error={invalid('max_age')}>
            {(control) => <input {...control} value={draft.maxAge} placeholder="30d" autocomplete="off" spellcheck={false} onInput={(event) => set({ maxAge: event.currentTarget.value })} />}
          </Field>
          <Field label="More than so many" hint="The oldest go first" error={invalid('max_count')}>
            {(control) => <input {...control} value={draft.maxCount} placeholder="1000000" inputMode="numeric" autocomplete="off" onInput={(event) => set({ maxCount: event.currentTarget.value })} />}
          </Field>
          <Field label="Larger than" hint="The whole history, such as 10 GB" error={invalid('max_bytes')}>
            {(control) => <input {...control} value={draft.maxBytes} placeholder="10 GB" autocomplete="off" spellcheck={false} onInput={(event) => set({ maxBytes: event.currentTarget.value })} />}
          </Field>
        </div>
        <StatusAges draft={draft} twice={twice} invalid={invalid} onChange={(byStatus) => set({ byStatus })} />
      </fieldset>
      <div aria-live="polite" class="stack">
        {isChanged && (preview.error && preview.error.status !== 422
          ? <ErrorBox error={preview.error} onRetry={preview.reload} />
          : preview.error && !saidAtFields(preview.error, policy) ? <p class="bad">{preview.error.message}</p>
            : goes ? <Preview report={goes} /> : !preview.error && !twice && <p class="soft">Asking what these rules would delete …</p>)}
      </div>
      {save.error instanceof Meanwhile
        ? <ChangedMeanwhile what={save.error.now.retention} onTake={() => reset((save.error as Meanwhile).now.retention)} onKeep={() => void save.run(true)} />
        : save.error && <ErrorBox error={save.error} />}
      <div class="actions is-start">
        <button type="submit" class={goes && goes.total > 0 ? 'danger' : 'primary'} disabled={!!reason || !goes || save.busy}>
          {save.busy ? 'Saving …' : goes && goes.total > 0 ? `Save, and delete ${count(goes.total)} …` : 'Save'}</button>
        <button type="button" disabled={!isChanged || save.busy} onClick={() => reset(saved)}>Undo the changes</button>
      </div>
      {isAsking && goes && (
        <Confirm title="Save these rules" word={String(goes.total)} action="Save and delete" onClose={() => ask(false)} onConfirm={() => void save.run(false)}>
          <Preview report={goes} />
          <p>They go within a minute, and cannot be brought back.</p>
        </Confirm>)}
    </form>);
}

// Whether the fields show all that is wrong with the policy.
function saidAtFields(error: { invalid: { location: string }[] }, policy: object): boolean {
  return error.invalid.length > 0 && error.invalid.every(({ location }) => location.split('.')[0]! in policy);
}

function StatusAges({ draft, twice, invalid, onChange }: {
  draft: RetentionDraft; twice: string | null; invalid: (name: string) => string | undefined; onChange: (next: RetentionDraft['byStatus']) => void;
}): VNode {
  const rows = draft.byStatus;
  const setRow = (id: number, part: object) => onChange(rows.map((row) => (row.id === id ? { ...row, ...part } : row)));
  const unused = ['failed', 'completed', 'cancelled'].find((status) => !rows.some((row) => row.status.trim() === status)) ?? '';
  return (
    <div class="stack">
      <h2 class="card-title">Other ages by status</h2>
      {rows.length === 0 && <p class="soft">None: the age above counts for every status.</p>}
      {rows.map((row, i) => {
        const error = row.status && row.status.trim() === twice ? `“${twice}” stands here twice; keep one.` : invalid(`by_status.${row.status.trim()}`) ?? (i === 0 ? invalid('by_status') : undefined);
        const errorId = `status-${row.id}-error`;
        return (
          <div key={row.id}>
            <div class="rule">
              <input value={row.status} list="statuses" required aria-label={`Status ${i + 1}`} autocomplete="off" spellcheck={false} class="rule-status"
                onInput={(event) => setRow(row.id, { status: event.currentTarget.value })} />
              <span>older than</span>
              <input value={row.age} required placeholder="90d" aria-label={`Age of status ${row.status || i + 1}`} autocomplete="off" spellcheck={false} class="rule-age"
                aria-invalid={error ? 'true' : undefined} aria-describedby={error ? errorId : undefined}
                onInput={(event) => setRow(row.id, { age: event.currentTarget.value })} />
              <button type="button" class="icon" aria-label={`Remove status ${row.status || i + 1}`} onClick={() => onChange(rows.filter((one) => one !== row))}>×</button>
            </div>
            {error && <p id={errorId} class="bad hint" role="alert">{error}</p>}
          </div>);
      })}
      <datalist id="statuses"><option value="completed" /><option value="failed" /><option value="cancelled" /></datalist>
      <div class="actions is-start"><button type="button" onClick={() => onChange([...rows, newStatusAge(unused)])} disabled={rows.length >= 32}>Add a status</button></div>
    </div>);
}

const RULES = { age: 'too old', count: 'beyond the number', bytes: 'beyond the size' } as const;

function Preview({ report }: { report: PruneReport }): VNode {
  if (report.total === 0) return <Note>With these rules nothing would be deleted now.</Note>;
  return (
    <Note kind="warning">
      <p><strong>{plural(report.total, 'execution', 'executions')} would be deleted now</strong>, about {bytes(report.bytes)}:{' '}
        {Object.entries(RULES).filter(([rule]) => report.by_rule[rule as keyof typeof RULES] > 0)
          .map(([rule, says]) => `${count(report.by_rule[rule as keyof typeof RULES])} ${says}`).join(', ')}.</p>
      {report.oldest && report.newest && <p>They began between {longTime(report.oldest)} and {longTime(report.newest)}.</p>}
    </Note>);
}

function LastRun({ namespace, run, hasRules, onRun }: { namespace: string; run: PruneRun | null; hasRules: boolean; onRun: () => void }): VNode {
  const reason = whyNot(useWhoAmI(), 'change_retention');
  const action = useAction(async () => {
    await runRetention(namespace);
    onRun();
  });
  return (
    <section class="stack" aria-labelledby="last-run">
      <h2 id="last-run">Last run</h2>
      {run ? (
        <dl class="facts" aria-live="polite">
          <div><dt>Began</dt><dd>{longTime(run.started_at)}</dd></div>
          <div><dt>Took</dt><dd>{duration(run.duration_ms)}</dd></div>
          <div><dt>Deleted</dt><dd>{plural(run.total, 'execution', 'executions')}{run.total > 0 && <>, about {bytes(run.bytes)}</>}</dd></div>
          {run.error ? <div><dt>Error</dt><dd class="bad wrap">✕ {run.error}</dd></div>
            : !run.complete && <div><dt>Ended</dt><dd class="warn">before all was deleted; the next run goes on</dd></div>}
        </dl>) : <p class="soft">{hasRules ? 'Not since the server started; it comes within a minute.' : 'There are no rules, so nothing is deleted.'}</p>}
      {action.error && <ErrorBox error={action.error} />}
      <div class="actions is-start">
        <button type="button" disabled={!!reason || !hasRules || action.busy} onClick={() => void action.run()}>{action.busy ? 'Deleting …' : 'Run now'}</button>
      </div>
    </section>);
}
