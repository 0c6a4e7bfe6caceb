// The menus of the list: views, columns, link, and what is done with all that the filter matches.
import type { ComponentType, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { copyText } from '../../parts/copy';
import { Lazy } from '../../parts/lazy';
import { Menu, type MenuItem } from '../../parts/menu';
import { useShortcuts } from '../../state/keyboard';
import { paramsOf, tokensOf, type Conditions } from '../../state/list_filter';
import { listHref, type ListPlace } from '../../state/list_place';
import { go, href, route } from '../../state/route';
import { builtInViews, ownViews } from '../../state/views';
import { useWhoAmI, whyNot } from '../../state/whoami';

export interface ToolsProps {
  place: ListPlace;
  filter: Record<string, unknown> | null; // As the server understood it: with instants.
  total: number | null;
  p95: number | null;
  onChange: (conditions: Conditions) => void;
  onDeleted: () => void;
}

type Open = 'views' | 'columns' | 'export' | 'delete' | null;

export function Tools({ place, filter, total, p95, onChange, onDeleted }: ToolsProps): VNode {
  const { conditions } = place;
  const { namespace } = route.value;
  const who = useWhoAmI();
  const [open, setOpen] = useState<Open>(null);
  const [said, say] = useState('');
  const close = () => setOpen(null);
  useShortcuts([{ keys: 'e', says: 'Export what the filter matches', run: () => setOpen('export') }]);

  const range: Conditions = {};
  if (conditions.start_time !== undefined) range.start_time = conditions.start_time;
  if (conditions.end_time !== undefined) range.end_time = conditions.end_time;
  const tokens = (of: Conditions) => JSON.stringify(tokensOf(of).filter(({ key }) => key !== 'start_time' && key !== 'end_time'));
  const present = tokens(conditions);
  const own = ownViews(namespace);
  const views: MenuItem[] = [
    ...builtInViews(p95, who?.key_id ?? null).map((view): MenuItem => ({
      label: view.name, disabled: view.missing, run: () => onChange({ ...range, ...view.conditions }),
      ...(!view.missing && tokens(view.conditions) === present ? { label: <>{view.name} <span aria-hidden="true">✓</span></> } : {}),
    })),
    ...own.map((view, i): MenuItem => ({ label: <bdi>{view.name}</bdi>, separated: i === 0, run: () => go(href(namespace, 'executions', [], new URLSearchParams(view.params))) })),
    { label: own.length > 0 ? 'Keep or remove a view …' : 'Keep this as a view …', separated: true, run: () => setOpen('views') },
  ];
  const copy = async (to: string) => {
    say((await copyText(new URL(to, location.href).href)) ? 'Link copied' : 'Copying is not allowed here');
    setTimeout(() => say(''), 2000);
  };
  // The very instants that the server meant, so that the link shows the same tomorrow.
  const pinned: Conditions = { ...conditions, ...(filter?.start_time ? { start_time: String(filter.start_time) } : {}), end_time: String(filter?.end_time ?? new Date().toISOString()) };
  const links: MenuItem[] = [
    { label: 'Copy link as it is: the range moves along', run: () => void copy(listHref(conditions)) },
    { label: 'Copy link to this very range', disabled: filter === null ? 'The range is not known yet' : undefined, run: () => void copy(listHref(pinned, { live: null })) },
  ];
  const jobs = paramsOf(pinned);
  jobs.set('new', '1');
  const actions: MenuItem[] = [
    { label: 'Replay them all …', href: href(namespace, 'jobs', [], jobs) },
    { label: 'Figures of these', href: href(namespace, 'stats', [], paramsOf(conditions)) },
    { label: 'Delete …', separated: true, disabled: whyNot(who, 'delete'), run: () => setOpen('delete') },
  ];
  return (
    <>
      <Menu label="Views" title="Views: filters with a name" items={views} />
      <button type="button" onClick={() => setOpen('columns')}>Columns</button>
      <Menu label={said || 'Link'} title="Copy a link" items={links} align="end" />
      <button type="button" aria-keyshortcuts="e" onClick={() => setOpen('export')}>Export</button>
      <Menu label="More" title="What is done with all that the filter matches" items={actions} align="end" />
      <span class="off-screen" role="status">{said}</span>
      {open === 'views' && <Lazy load={() => import('./views').then((module) => module.Views)} props={{ onClose: close }} />}
      {open === 'columns' && <Lazy load={() => import('./choose_columns').then((module) => module.ChooseColumns)} props={{ columns: place.columns, onClose: close }} />}
      {open === 'export' && <Lazy load={(): Promise<ComponentType<{ conditions: Conditions; columns: string[]; total: number | null; onClose: () => void }>> =>
        import('./export').then((module) => module.Export)} props={{ conditions, columns: place.columns, total, onClose: close }} />}
      {open === 'delete' && <Lazy load={() => import('./delete').then((module) => module.Delete)} props={{ conditions, onDeleted, onClose: close }} />}
    </>);
}
