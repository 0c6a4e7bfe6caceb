// The form over the page that takes a key. What was there stays behind it.
import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/client';
import { listNamespaces } from '../api/server';
import { ErrorBox } from '../parts/states';
import { asApiError } from '../state/load';
import { go, href, route } from '../state/route';
import { refused, signIn, signOut } from '../state/session';

export function SignIn(): VNode {
  const [given, setGiven] = useState('');
  const [namespace, setNamespace] = useState('');
  const [keep, setKeep] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => { dialog.current!.showModal(); }, []);

  const submit = async (event: Event) => {
    event.preventDefault();
    const wanted = given.trim();
    setBusy(true);
    setError(null);
    try {
      const known = await listNamespaces(undefined, wanted);
      const { namespace: present, screen } = route.value;
      const to = namespace.trim() || (known.results.some((one) => one.namespace_name === present) ? present : known.results[0]?.namespace_name ?? present);
      signIn(wanted, keep);
      if (to !== present) go(href(to, screen), 'replace');
    } catch (caught) {
      const failure = asApiError(caught);
      // A key that may not list namespaces is a key all the same.
      if (failure.status === 403) {
        signIn(wanted, keep);
        if (namespace.trim()) go(href(namespace.trim(), route.value.screen), 'replace');
      } else {
        setError(failure);
      }
    } finally {
      setBusy(false);
    }
  };

  return (
    <dialog ref={dialog} aria-labelledby="sign-in" class="sign-in" onCancel={(event) => event.preventDefault()}>
      <header><h2 id="sign-in">Sign in to Trawl</h2></header>
      <form class="dialog-body stack" onSubmit={submit}>
        {refused.value && <p role="alert">The key was refused: it may have been revoked, or have run out. Another one goes on from where you are.</p>}
        <label class="field">API key
          <input type="password" value={given} onInput={(event) => setGiven(event.currentTarget.value)} placeholder="sk_…"
            autocomplete="current-password" autofocus required spellcheck={false} />
        </label>
        <label class="field">Namespace <span class="soft">(the key's own, or the last one, where this is empty)</span>
          <input value={namespace} onInput={(event) => setNamespace(event.currentTarget.value)} autocomplete="off" spellcheck={false} />
        </label>
        <label class="check-field">
          <input type="checkbox" checked={keep} onChange={(event) => setKeep(event.currentTarget.checked)} /> Keep it in this browser
        </label>
        {keep && <p class="soft">Whoever uses this browser profile can then use the key. Not on a machine of others.</p>}
        {error && (error.status === 401
          ? <p role="alert" class="bad">This is no key of this server. <span class="soft">{error.message}</span></p>
          : <ErrorBox error={error} />)}
        <p class="soft">The key is sent as the Authorization header of this server's API, and nowhere else. The first one stands in{' '}
          <code>admin.key</code> of the data directory after <code>make run</code>; <code>trawl keys create</code> makes more.</p>
        <div class="actions">
          {refused.value && <button type="button" onClick={signOut}>Sign out</button>}
          <button type="submit" class="primary" disabled={busy || given.trim() === ''}>{busy ? 'Asking …' : 'Sign in'}</button>
        </div>
      </form>
    </dialog>);
}
