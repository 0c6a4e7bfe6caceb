// Views: filters with a name. Some are always there; one's own are kept in this browser, per namespace,
// and are shared by their link.
import { canonical, type Conditions } from './list_filter';
import { store, stored } from './preferences';

export interface OwnView {
  name: string;
  params: string; // Of the list's address.
}

export interface View {
  name: string;
  conditions: Conditions; // Without a range of time.
  missing?: string; // Why it is not there now.
}

export function builtInViews(p95: number | null, keyId: string | null): View[] {
  return [
    { name: 'Everything', conditions: {} },
    { name: 'Failed', conditions: { status: 'failed' } },
    { name: 'Nothing found', conditions: { status: 'completed', returned: 'zero' } },
    p95 === null ? { name: 'Slow', conditions: {}, missing: 'There is nothing in this range to be slower than' }
      : { name: 'Slow (the slowest twentieth of this range)', conditions: canonical({ min_duration_ms: p95 }) },
    { name: 'Running', conditions: { status: 'processing' } },
    keyId === null ? { name: 'From this key', conditions: {}, missing: 'The server does not say which key this is' } : { name: 'From this key', conditions: { caller: keyId } },
  ];
}

const nameOf = (namespace: string) => `trawl.views.${namespace}`;

export function ownViews(namespace: string): OwnView[] {
  const kept = stored<unknown>(nameOf(namespace), []);
  return Array.isArray(kept) ? kept.filter((one: OwnView | null) => typeof one?.name === 'string' && typeof one.params === 'string') : [];
}

/** Keeps a view; one of the same name is replaced. */
export function keepView(namespace: string, view: OwnView): void {
  store(nameOf(namespace), [...ownViews(namespace).filter(({ name }) => name !== view.name), view]);
}

export function forgetView(namespace: string, name: string): void {
  store(nameOf(namespace), ownViews(namespace).filter((one) => one.name !== name));
}
