// The API keys of a user: list, make, change, revoke.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { listKeys, revokeKey } from '../../api/keys';
import type { Key, NewKey } from '../../api/schema';
import { Confirm } from '../../parts/dialog';
import { Field } from '../../parts/field';
import { Empty, ErrorBox, Note, Skeleton } from '../../parts/states';
import { useAction } from '../../state/action';
import { count, longTime, plural, shortTime } from '../../state/format';
import { widest } from '../../state/keys';
import { useLoad } from '../../state/load';
import { namespaces } from '../../state/namespaces';
import { go, route, withParams } from '../../state/route';
import { say } from '../../state/said';
import { isAnswered, useWhoAmI, whyNot } from '../../state/whoami';
import { KeyForm, KeyShown } from './key_form';

const USUAL_USER = 'admin@localhost'; // Of the key that a new data directory has.

type Open = { kind: 'form'; key: Key | null } | { kind: 'revoke'; key: Key } | { kind: 'made'; made: NewKey };

export function Keys(): VNode {
  const who = useWhoAmI();
  const { params } = route.value;
  const user = params.get('user') || who?.user_id || USUAL_USER;
  const revokedToo = params.get('revoked') === '1';
  const reason = whyNot(who, 'manage_keys');
  const list = useLoad(reason || !isAnswered.value ? null : `${user}\n${revokedToo}`, (signal) => listKeys(user, revokedToo, signal));
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const done = (what: string, made: NewKey | null = null) => {
    setOpen(made ? { kind: 'made', made } : null);
    say(what);
    list.reload();
  };
  if (reason) return <>{who && <OwnKey />}<Note>{reason}</Note></>;
  return (
    <div class="stack">
      {who && <OwnKey />}
      <div class="line is-end-aligned">
        <UserField key={user} user={user} />
        <label class="check-field">
          <input type="checkbox" checked={revokedToo} onChange={(event) => go(withParams({ revoked: event.currentTarget.checked ? '1' : null }))} />
          Revoked ones too
        </label>
        <span class="spring" />
        <button type="button" class="primary" onClick={() => setOpen({ kind: 'form', key: null })}>New key …</button>
      </div>
      {list.error && <ErrorBox error={list.error} onRetry={list.reload} />}
      {list.data ? (list.data.results.length === 0
        ? <Empty title={<>No keys of <bdi>{user}</bdi></>}><p class="soft">Keys belong to a user, which is an e-mail address or any name. Make one, or look at those of another user.</p></Empty>
        : <>
          <p class="soft">{plural(list.data.total_count, 'key', 'keys')} of <bdi>{user}</bdi></p>
          <ul class={`cards${list.isOld ? ' is-old' : ''}`}>
            {list.data.results.map((key) => (
              <KeyCard key={key.key_id} of={key} isInUse={key.key_id === who?.key_id}
                onChange={() => setOpen({ kind: 'form', key })} onRevoke={() => setOpen({ kind: 'revoke', key })} />))}
          </ul>
        </>)
        : !list.error && <Skeleton lines={6} label="Loading the keys" />}
      {open?.kind === 'form' && (
        <KeyForm user={user} changed={open.key} isInUse={!!open.key && open.key.key_id === who?.key_id} onClose={close}
          onDone={(made) => done(made ? `The key ${made.name} was made.` : 'The key was changed.', made)} />)}
      {open?.kind === 'made' && <KeyShown made={open.made} onClose={close} />}
      {open?.kind === 'revoke' && <Revoke user={user} of={open.key} onClose={close} onDone={() => done(`The key ${open.key.name} was revoked.`)} />}
    </div>);
}

function OwnKey(): VNode | null {
  const who = useWhoAmI();
  if (!who) return null;
  const { requests_per_minute: requests, burst, weight } = who.limits;
  return (
    <p class="soft own-key">
      You are signed in with <strong><bdi>{who.name}</bdi></strong> of <bdi>{who.user_id}</bdi>: permission {widest(who.permissions)}
      {who.namespace && <> in <bdi>{who.namespace.namespace_name ?? who.namespace.namespace_id}</bdi> alone</>},{' '}
      {requests === null ? 'without a limit of requests' : `${count(requests)} requests a minute, ${count(burst ?? requests)} of them at once`}
      , weight {count(weight)}{who.expires_at && <>, until {longTime(who.expires_at)}</>}.
    </p>);
}

function UserField({ user }: { user: string }): VNode {
  const [typed, setTyped] = useState(user);
  return (
    <form class="line is-end-aligned" onSubmit={(event) => { event.preventDefault(); go(withParams({ user: typed.trim() || null })); }}>
      <Field label="Keys of the user">
        {(control) => <input {...control} value={typed} autocomplete="off" spellcheck={false} onInput={(event) => setTyped(event.currentTarget.value)} />}
      </Field>
      <button type="submit" disabled={typed.trim() === user}>Show</button>
    </form>);
}

function limitOf(key: Key): string {
  if (key.rate_limit_override === null) return 'the usual limit';
  if (key.rate_limit_override === 0) return 'no limit';
  const burst = key.rate_limit_burst;
  return `${count(key.rate_limit_override)} a minute${burst !== null && burst !== key.rate_limit_override ? `, ${count(burst)} at once` : ''}`;
}

function KeyCard({ of: key, isInUse, onChange, onRevoke }: {
  of: Key; isInUse: boolean; onChange: () => void; onRevoke: () => void;
}): VNode {
  const namespace = key.namespace_id && (namespaces.value.find((one) => one.id === key.namespace_id)?.name ?? key.namespace_id);
  return (
    <li class="card">
      <div class="card-main">
        <h2 class="line card-title">
          <bdi class="wrap">{key.name}</bdi>
          {isInUse && <span class="badge is-accent">in use here</span>}
          {key.status !== 'active' && <span class="badge is-bad">✕ {key.status}</span>}
        </h2>
        {key.description && <p class="wrap"><bdi>{key.description}</bdi></p>}
        <p class="soft wrap">
          {key.key_prefix && <><code>{key.key_prefix}…</code> · </>}permission {widest(key.permissions)} · {namespace ? <>in <bdi>{namespace}</bdi> alone</> : 'all namespaces'} ·{' '}
          {limitOf(key)} · weight {count(key.weight)}
        </p>
        <p class="soft wrap">
          made <time dateTime={key.created_at} title={longTime(key.created_at)}>{shortTime(key.created_at)}</time>
          {key.revoked_at ? <> · revoked <time dateTime={key.revoked_at} title={longTime(key.revoked_at)}>{shortTime(key.revoked_at)}</time></>
            : <> · {key.expires_at ? <>{key.status === 'expired' ? 'ended' : 'ends'} <time dateTime={key.expires_at} title={longTime(key.expires_at)}>{shortTime(key.expires_at)}</time></> : 'does not end'}</>}
          {' '}· <code>{key.key_id}</code>
        </p>
      </div>
      {!key.revoked_at && (
        <div class="card-actions">
          <button type="button" onClick={onChange} aria-label={`Change the key ${key.name}`}>Change …</button>
          <button type="button" onClick={onRevoke} disabled={isInUse} aria-label={`Revoke the key ${key.name}`}
            title={isInUse ? 'You are signed in with this key; revoke it with another one' : undefined}>Revoke …</button>
        </div>)}
    </li>);
}

function Revoke({ user, of: key, onDone, onClose }: { user: string; of: Key; onDone: () => void; onClose: () => void }): VNode {
  const revoke = useAction(async () => {
    await revokeKey(user, key.key_id);
    onDone();
  });
  return (
    <Confirm title={`Revoke the key “${key.name}”`} word={key.name} action={revoke.busy ? 'Revoking …' : 'Revoke'} busy={revoke.busy}
      error={revoke.error && <ErrorBox error={revoke.error} />} onConfirm={() => void revoke.run()} onClose={onClose}>
      <p>Whoever uses it gets 401 from now on. A key that was revoked cannot come back; make a new one instead.</p>
    </Confirm>);
}
