// The server: whether it is well, what it is, and what its pipelines can be made of.
import type { VNode } from 'preact';
import { serverRoot } from '../../api/client';
import { health, listStages, ready } from '../../api/server';
import { Copy } from '../../parts/copy';
import { ErrorBox, Skeleton } from '../../parts/states';
import { useLoad } from '../../state/load';

const PARTS: Record<string, string> = {
  cache: 'Cache of results', metadata: 'Namespaces, collections and keys', vector_store: 'Index', object_storage: 'Documents',
  task_queue: 'Jobs', inference: 'Models',
};

export function Server(): VNode {
  const state = useLoad('health', health);
  const writes = useLoad('ready', async (signal) => {
    await ready(signal);
    return true;
  });
  const stages = useLoad('stages', listStages);
  return (
    <div class="stack">
      <section class="stack" aria-labelledby="server-health">
        <h2 id="server-health">Health</h2>
        {state.error && <ErrorBox error={state.error} onRetry={state.reload} />}
        {state.data ? (
          <dl class="facts">
            <div><dt>Version</dt><dd>{state.data.meta.server} {state.data.meta.version}</dd></div>
            <div><dt>Address</dt><dd><Copy text={serverRoot().replace(/\/$/, '')} /></dd></div>
            <div><dt>Accepts requests</dt><dd>{writes.error
              ? <span class="bad">✕ no: {writes.error.message}</span> : writes.data ? <span class="good">✓ yes</span> : '…'}</dd></div>
            {Object.entries(state.data.data).map(([name, isWell]) => (
              <div key={name}><dt>{PARTS[name] ?? name}</dt><dd><Health isWell={isWell} error={state.data!.errors?.[name]} /></dd></div>))}
          </dl>) : !state.error && <Skeleton lines={6} label="Asking the server how it is" />}
        <div class="actions is-start">
          <button type="button" disabled={state.loading} onClick={() => { state.reload(); writes.reload(); }}>Look again</button>
        </div>
      </section>
      <section class="stack" aria-labelledby="server-links">
        <h2 id="server-links">To read</h2>
        <ul>
          <li><a href="docs">Documentation of the API</a></li>
          <li><a href="openapi.json">Its description for programs</a> <span class="soft">OpenAPI</span></li>
          <li><a href="metrics">Figures for Prometheus</a></li>
          <li><a href="console/licences.txt">Licences of what this page is made of</a></li>
        </ul>
      </section>
      <section class="stack" aria-labelledby="server-stages">
        <h2 id="server-stages">Stages that pipelines can be made of</h2>
        {stages.error && <ErrorBox error={stages.error} onRetry={stages.reload} />}
        {stages.data ? (
          <dl class="stages">
            {stages.data.map((stage) => (
              <div key={stage.stage_id}>
                <dt><code>{stage.stage_id}</code> <span class="badge">{stage.category}</span></dt>
                <dd>{stage.description}</dd>
              </div>))}
          </dl>) : !stages.error && <Skeleton label="Asking which stages there are" />}
      </section>
    </div>);
}

function Health({ isWell, error }: { isWell: boolean; error: string | undefined }): VNode {
  if (error) return <span class="bad">✕ {error}</span>;
  return isWell ? <span class="good">✓ well</span> : <span class="soft">– not in use</span>;
}
