// The forms that make and change a key, and the one that shows a new one.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { changeKey, createKey } from '../../api/keys';
import type { Key, NewKey } from '../../api/schema';
import { CopyButton } from '../../parts/copy';
import { Dialog } from '../../parts/dialog';
import { Choices, Field } from '../../parts/field';
import { ErrorBox } from '../../parts/states';
import { saidOf, useAction } from '../../state/action';
import { changeOf, draftOf, lastDayOf, NEW_KEY, requestOf, type KeyDraft, type Permission } from '../../state/keys';
import { namespaces } from '../../state/namespaces';

const PERMISSIONS: { value: Permission; title: string; hint: string }[] = [
  { value: 'read', title: 'Read', hint: 'search and look at everything' },
  { value: 'write', title: 'Write', hint: 'also make and change collections and documents' },
  { value: 'delete', title: 'Delete', hint: 'also delete them, executions too, and set retention' },
  { value: 'admin', title: 'Admin', hint: 'also keys, namespaces and what is recorded' },
];

export function KeyForm({ user, changed, isInUse, onDone, onClose }: {
  user: string;
  changed: Key | null; // Null: a new one is made.
  isInUse: boolean;
  onDone: (made: NewKey | null) => void;
  onClose: () => void;
}): VNode {
  const [draft, setDraft] = useState<KeyDraft>(() => (changed ? draftOf(changed) : NEW_KEY));
  const set = (part: Partial<KeyDraft>) => setDraft((before) => ({ ...before, ...part }));
  const typed = (name: keyof KeyDraft) => ({
    value: draft[name],
    onInput: (event: { currentTarget: HTMLInputElement | HTMLSelectElement }) => set({ [name]: event.currentTarget.value }),
  });
  const save = useAction(async () => {
    if (!changed) return onDone(await createKey(user, requestOf(draft)));
    const change = changeOf(changed, draft);
    if (change) await changeKey(user, changed.key_id, change);
    onDone(null);
  });
  const said = (location: string) => saidOf(save.error, location);
  const hasEnd = !!changed?.expires_at;
  return (
    <Dialog title={changed ? `Change the key “${changed.name}”` : 'New key'} onClose={onClose}>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); void save.run(); }}>
        <Field label="Name" hint="What it is for, such as importer or dashboard" error={said('name')}>
          {(control) => <input {...control} {...typed('name')} required autofocus maxLength={100} autocomplete="off" spellcheck={false} />}
        </Field>
        <Field label="Description" error={said('description')}>
          {(control) => <input {...control} {...typed('description')} maxLength={500} autocomplete="off" />}
        </Field>
        <Choices label="It may" name="permission" value={draft.permission} disabled={isInUse} choices={PERMISSIONS}
          onChoose={(permission) => set({ permission })} />
        {isInUse && <p class="soft">This is the key that you are signed in with; another key can change what it may do.</p>}
        {!changed && (
          <Field label="Namespace" hint="A key of one namespace enters no other, and manages neither keys nor namespaces." error={said('namespace_id')}>
            {(control) => (
              <select {...control} {...typed('namespace')}>
                <option value="">All namespaces</option>
                {namespaces.value.map(({ name }) => <option key={name} value={name}>{name}</option>)}
              </select>)}
          </Field>)}
        <Field label="Last day" hint={hasEnd ? 'An end can be moved, not taken away.' : 'Empty: it does not end'} error={said('expires_at')}>
          {(control) => <input {...control} {...typed('lastDay')} type="date" required={hasEnd} min={changed ? undefined : lastDayOf(new Date().toISOString())} />}
        </Field>
        <div class="field-row">
          <Field label="Requests a minute" hint="Empty: as for all keys; 0: no limit" error={said('rate_limit_override')}>
            {(control) => <input {...control} {...typed('requests')} inputMode="numeric" pattern="\d*" title="A whole number" autocomplete="off" />}
          </Field>
          <Field label="Of them at once" hint="Empty: a minute's worth" error={said('rate_limit_burst')}>
            {(control) => <input {...control} {...typed('burst')} inputMode="numeric" pattern="\d*" title="A whole number" autocomplete="off" />}
          </Field>
          <Field label="Weight" hint="Usually 100; 200 gets twice the time where keys compete" error={said('weight')}>
            {(control) => <input {...control} {...typed('weight')} inputMode="numeric" pattern="\d*" title="A whole number" placeholder="100" autocomplete="off" />}
          </Field>
        </div>
        {save.error && <ErrorBox error={save.error} />}
        <div class="actions">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary" disabled={save.busy}>{save.busy ? 'Saving …' : changed ? 'Save' : 'Make the key'}</button>
        </div>
      </form>
    </Dialog>);
}

/** The one time that a key is shown. It closes when it was copied, or at a second wish. */
export function KeyShown({ made, onClose }: { made: NewKey; onClose: () => void }): VNode {
  const [isKept, setKept] = useState(false);
  const [isWarned, setWarned] = useState(false);
  const close = () => {
    if (isKept || isWarned) onClose();
    else setWarned(true);
  };
  return (
    <Dialog title={`The key “${made.name}”`} onClose={close}>
      <div class="stack">
        <p><strong>Copy it now: it is shown this once.</strong> The server keeps a hash of it, by which it knows it again.</p>
        <p class="secret"><code>{made.key}</code></p>
        <p class="soft">Keep it where programs find it, as <code>TRAWL_API_KEY</code> in their environment, and never in an address.</p>
        {isWarned && !isKept && <p class="bad" role="alert">It was not copied yet. Once this closes, nobody can show it again.</p>}
        <div class="actions">
          <CopyButton text={made.key} label="Copy the key" className="primary" autofocus onCopied={() => setKept(true)} />
          <button type="button" onClick={close}>{isWarned && !isKept ? 'Close all the same' : 'Done'}</button>
        </div>
      </div>
    </Dialog>);
}
