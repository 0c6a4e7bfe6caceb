// Keeps the list as it is under a name, and removes such views.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from '../../parts/dialog';
import { route } from '../../state/route';
import { forgetView, keepView, ownViews } from '../../state/views';

export function Views({ onClose }: { onClose: () => void }): VNode {
  const { namespace, params } = route.value;
  const [name, setName] = useState('');
  const [views, setViews] = useState(() => ownViews(namespace));
  const keep = (event: Event) => {
    event.preventDefault();
    const kept = new URLSearchParams(params);
    for (const gone of ['open', 'tab', 'stage', 'doc', 'find', 'compare']) kept.delete(gone);
    keepView(namespace, { name: name.trim(), params: kept.toString() });
    onClose();
  };
  return (
    <Dialog title="Views" onClose={onClose}>
      <form class="stack" onSubmit={keep}>
        <label class="field">Keep filter, range, order and columns as
          <input value={name} onInput={(event) => setName(event.currentTarget.value)} autofocus required maxLength={80} placeholder="Slow searches of team search" />
        </label>
        <p class="soft">It is kept in this browser, for the namespace <bdi>{namespace}</bdi>. Others get it by its link.
          {views.some((one) => one.name === name.trim()) && ' The one of this name is replaced.'}</p>
        <div class="actions"><button type="submit" class="primary" disabled={name.trim() === ''}>Keep</button></div>
      </form>
      {views.length > 0 && (
        <>
          <h3>Kept</h3>
          <ul class="kept-views">
            {views.map((view) => (
              <li key={view.name}><bdi>{view.name}</bdi>
                <button type="button" class="quiet" aria-label={`Remove ${view.name}`} onClick={() => { forgetView(namespace, view.name); setViews(ownViews(namespace)); }}>Remove</button>
              </li>))}
          </ul>
        </>)}
    </Dialog>);
}
