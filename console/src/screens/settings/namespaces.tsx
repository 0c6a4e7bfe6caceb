// The namespaces: list, create, delete.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { countExecutions, createNamespace, deleteNamespace } from '../../api/namespaces';
import type { Namespace } from '../../api/schema';
import { listNamespaces } from '../../api/server';
import { Confirm, Dialog } from '../../parts/dialog';
import { Field } from '../../parts/field';
import { ErrorBox, Note, Skeleton } from '../../parts/states';
import { saidOf, useAction } from '../../state/action';
import { longTime, plural, shortTime } from '../../state/format';
import { useLoad } from '../../state/load';
import { loadNamespaces } from '../../state/namespaces';
import { go, href, route } from '../../state/route';
import { say } from '../../state/said';
import { useWhoAmI, whyNot } from '../../state/whoami';

type Open = { kind: 'create' } | { kind: 'delete'; of: Namespace };

export function Namespaces(): VNode {
  const who = useWhoAmI();
  const present = route.value.namespace;
  const list = useLoad('namespaces', listNamespaces);
  const [open, setOpen] = useState<Open | null>(null);
  const noCreate = whyNot(who, 'create_namespaces');
  const noDelete = whyNot(who, 'delete_namespaces');
  const done = (what: string) => {
    setOpen(null);
    say(what);
    list.reload();
    void loadNamespaces();
  };
  return (
    <div class="stack">
      <div class="line">
        <p class="soft">Collections, documents and executions of one namespace are never seen from another.</p>
        <span class="spring" />
        <button type="button" class="primary" disabled={!!noCreate} title={noCreate} onClick={() => setOpen({ kind: 'create' })}>New namespace …</button>
      </div>
      {(noCreate ?? noDelete) && <Note>{noCreate ?? noDelete}</Note>}
      {list.error && <ErrorBox error={list.error} onRetry={list.reload} />}
      {list.data ? (
        <ul class={`cards${list.isOld ? ' is-old' : ''}`}>
          {list.data.results.map((one) => {
            const isDefault = one.namespace_name === 'default';
            return (
              <li class="card" key={one.namespace_id}>
                <div class="card-main">
                  <h2 class="line card-title">
                    <a class="wrap" href={href(one.namespace_name, 'executions')}><bdi>{one.namespace_name}</bdi></a>
                    {one.namespace_name === present && <span class="badge is-accent">shown now</span>}
                  </h2>
                  {one.description && <p class="wrap"><bdi>{one.description}</bdi></p>}
                  <p class="soft wrap">
                    {plural(one.collection_count, 'collection', 'collections')}, {plural(one.document_count, 'document', 'documents')} ·{' '}
                    <a href={href(one.namespace_name, 'settings', ['recording'])}>records {one.recording.mode === 'full' ? 'everything' : 'a summary'}
                      {one.recording.redact.length > 0 && <>, {plural(one.recording.redact.length, 'rule', 'rules')} of redaction</>}</a> ·{' '}
                    <a href={href(one.namespace_name, 'settings', ['retention'])}>{Object.keys(one.retention).length > 0 ? 'deletes by its rules' : 'keeps its history'}</a>
                  </p>
                  <p class="soft wrap">made <time dateTime={one.created_at} title={longTime(one.created_at)}>{shortTime(one.created_at)}</time> · <code>{one.namespace_id}</code></p>
                </div>
                <div class="card-actions">
                  <button type="button" disabled={!!noDelete || isDefault} aria-label={`Delete the namespace ${one.namespace_name}`}
                    title={isDefault ? 'default serves requests that name no namespace, and stays' : noDelete}
                    onClick={() => setOpen({ kind: 'delete', of: one })}>Delete …</button>
                </div>
              </li>);
          })}
        </ul>) : !list.error && <Skeleton label="Loading the namespaces" />}
      {open?.kind === 'create' && <Create onClose={() => setOpen(null)} onDone={(name) => done(`The namespace ${name} was made.`)} />}
      {open?.kind === 'delete' && (
        <Delete of={open.of} onClose={() => setOpen(null)} onDone={() => {
          const name = open.of.namespace_name;
          done(`The namespace ${name} was deleted.`);
          if (name === present) go(href('default', 'settings', ['namespaces']), 'replace');
        }} />)}
    </div>);
}

function Create({ onDone, onClose }: { onDone: (name: string) => void; onClose: () => void }): VNode {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const create = useAction(async () => {
    await createNamespace({ namespace_name: name.trim(), description: description.trim() || null });
    onDone(name.trim());
  });
  return (
    <Dialog title="New namespace" onClose={onClose}>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); void create.run(); }}>
        <Field label="Name" hint="Up to 64 characters" error={saidOf(create.error, 'namespace_name')}>
          {(control) => <input {...control} value={name} required autofocus maxLength={64} autocomplete="off" spellcheck={false} onInput={(event) => setName(event.currentTarget.value)} />}
        </Field>
        <Field label="Description" error={saidOf(create.error, 'description')}>
          {(control) => <input {...control} value={description} autocomplete="off" onInput={(event) => setDescription(event.currentTarget.value)} />}
        </Field>
        {create.error && create.error.invalid.length === 0 && <ErrorBox error={create.error} />}
        <div class="actions">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary" disabled={create.busy}>{create.busy ? 'Making it …' : 'Make it'}</button>
        </div>
      </form>
    </Dialog>);
}

function Delete({ of: one, onDone, onClose }: { of: Namespace; onDone: () => void; onClose: () => void }): VNode {
  const name = one.namespace_name;
  // So many go with it: asked of the namespace itself, whichever is shown.
  const executions = useLoad(name, (signal) => countExecutions(name, signal));
  const remove = useAction(async () => {
    await deleteNamespace(one.namespace_id, true);
    onDone();
  });
  return (
    <Confirm title={`Delete the namespace “${name}”`} word={name} action={remove.busy ? 'Deleting …' : 'Delete all of it'} busy={remove.busy}
      error={remove.error && <ErrorBox error={remove.error} />} onConfirm={() => void remove.run()} onClose={onClose}>
      <p>With it go for good:</p>
      <ul>
        <li>{plural(one.collection_count, 'collection', 'collections')} with {plural(one.document_count, 'document', 'documents')}</li>
        <li>{executions.data === null ? executions.error ? 'its executions' : 'its executions …' : plural(executions.data, 'execution', 'executions')}</li>
        <li>what runs in it now: such runs are answered 404 and not recorded</li>
      </ul>
    </Confirm>);
}
