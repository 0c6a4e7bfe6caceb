// One run: in a pane beside the list, and as a page of its own.
import type { VNode } from 'preact';
import type { ApiError } from '../../api/client';
import type { Row } from '../../api/executions';
import { ErrorBox, Skeleton } from '../../parts/states';
import { Tabs } from '../../parts/tabs';
import { useShortcuts } from '../../state/keyboard';
import { beside, listed } from '../../state/neighbours';
import { go, href, route, withParams } from '../../state/route';
import { isSummary, type Run } from '../../state/run';
import { useRun } from '../../state/runs';
import { Actions } from './actions';
import { Documents } from './documents';
import { Failure } from './failure';
import { Flow } from './flow';
import { Head } from './head';
import { Inputs } from './inputs';
import { NotRecorded } from './not_recorded';
import { Pipeline } from './pipeline';
import { pageOf, type FilterBy } from './places';
import { Raw } from './raw';

export interface RunProps {
  id: string;
  row: Row | null; // What the list has of it: drawn while the record is on its way.
  onClose?: () => void; // Absent on its own page.
  onFilter?: FilterBy; // Absent: facts lead to the list with that filter.
}

const TABS = [
  { name: 'flow', title: 'Flow' }, { name: 'documents', title: 'Documents' }, { name: 'inputs', title: 'Inputs' },
  { name: 'pipeline', title: 'Pipeline' }, { name: 'raw', title: 'Raw' },
];

/** The run beside the list. Its tab, stage and document stand in the fragment: `tab`, `stage`, `doc`, `find`. */
export function RunPane(props: RunProps & { onClose: () => void }): VNode {
  return (
    <aside class="run run-pane" aria-label={`Execution ${props.id}`}>
      <RunView {...props} />
    </aside>);
}

export function RunView(props: RunProps): VNode {
  const { id, onClose } = props;
  const { run, error, isOld, reload } = useRun(id);
  const { namespace, params } = route.value;
  const asked = params.get('tab');
  const tab = TABS.some(({ name }) => name === asked) ? asked! : 'flow';
  const select = (name: string) => go(withParams({ tab: name === 'flow' ? null : name }), 'replace');
  const shown = run && !isOld ? run : null;

  const goBeside = (which: 'before' | 'after') => {
    const next = beside(listed.value, namespace, id)?.[which];
    if (next) go(href(namespace, 'executions', [next], tab === 'flow' ? {} : { tab }));
  };

  useShortcuts([
    ...TABS.map(({ name, title }, i) => ({ keys: String(i + 1), says: `Show ${title.toLowerCase()} of the run`, run: () => select(name) })),
    { keys: 'r', says: 'Run again in the playground', run: () => go(href(namespace, 'play', [], { from: id })) },
    ...(onClose ? [
      { keys: 'o', says: 'Open the run as a page', run: () => go(pageOf(id)) },
      { keys: 'Escape', says: 'Close the run', run: () => onClose() },
    ] : [
      ...(beside(listed.value, namespace, id) ? [
        { keys: 'j', says: 'The next run of the list', run: () => goBeside('after') },
        { keys: 'k', says: 'The run before in the list', run: () => goBeside('before') },
      ] : []),
      { keys: 'c', says: 'Compare the run with another', run: () => go(href(namespace, 'compare', [id])) },
    ]),
  ]);

  return (
    <>
      <Head {...props} run={shown} />
      {error && <ErrorOf error={error} id={id} onRetry={reload} />}
      {shown && (
        <>
          <Actions run={shown} onDeleted={onClose ?? (() => go(href(namespace, 'executions')))} />
          {shown.error && <Failure run={shown} />}
          <Tabs label="Parts of the run" tabs={TABS} selected={tab} onSelect={select}>
            <Panel tab={tab} run={shown} />
          </Tabs>
        </>)}
      {!shown && !error && <Skeleton lines={10} label="Loading the run" />}
    </>);
}

function Panel({ tab, run }: { tab: string; run: Run }): VNode {
  switch (tab) {
    case 'documents': return isSummary(run) ? <NotRecorded what="Candidates and results" /> : <Documents run={run} />;
    case 'inputs': return isSummary(run) ? <NotRecorded what="Inputs" /> : <Inputs run={run} />;
    case 'pipeline': return isSummary(run) ? <NotRecorded what="The pipeline" /> : <Pipeline run={run} />;
    case 'raw': return <Raw run={run} />;
    default: return <Flow run={run} />;
  }
}

function ErrorOf({ error, id, onRetry }: { error: ApiError; id: string; onRetry: () => void }): VNode {
  if (error.status !== 404) return <ErrorBox error={error} onRetry={onRetry} />;
  return (
    <ErrorBox error={error} onRetry={onRetry}>
      <p>There is no execution <bdi><code>{id}</code></bdi> in the namespace <bdi>{route.value.namespace}</bdi>. It may have been deleted, by somebody
        or by <a href={href(route.value.namespace, 'settings', ['retention'])}>the rules of retention</a>.</p>
    </ErrorBox>);
}
