// Where one is. All of it stands in the fragment, `#/{namespace}/{screen}/…?…`, so that reload, back
// and a pasted link restore what was seen, and no query text reaches the log of a server or proxy.
import { signal } from '@preact/signals';

export const SCREENS = ['executions', 'compare', 'why', 'play', 'jobs', 'collections', 'stats', 'settings'] as const;
export type Screen = (typeof SCREENS)[number];

export interface Route {
  namespace: string;
  screen: Screen;
  path: string[]; // What follows the screen, decoded.
  params: URLSearchParams;
  note: string | null; // What of the fragment was not understood.
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Reads a fragment. Never throws: what it does not understand leads to the list, with a note. */
export function parseRoute(fragment: string, lastNamespace = 'default'): Route {
  const text = fragment.replace(/^#/, '');
  const route: Route = { namespace: lastNamespace, screen: 'executions', path: [], params: new URLSearchParams(), note: null };
  if (text === '' || text === '/') return route;
  const [before = '', query = ''] = text.split(/\?(.*)/s);
  const parts = before.split('/').slice(1).map(decoded);
  if (!before.startsWith('/') || parts.some((one) => one === null)) {
    route.note = `The address #${text} was not understood; this is the list of executions.`;
    return route;
  }
  const [namespace, screen, ...path] = parts as string[];
  if (namespace) route.namespace = namespace;
  route.params = new URLSearchParams(query);
  if (screen === undefined || screen === '') return route;
  if (!(SCREENS as readonly string[]).includes(screen)) {
    route.note = `There is no screen “${screen}”; this is the list of executions.`;
    return route;
  }
  route.screen = screen as Screen;
  route.path = path.filter((one) => one !== '');
  return route;
}

/** The fragment of a place, to be linked to. */
export function href(namespace: string, screen: Screen, path: string[] = [], params?: URLSearchParams | Record<string, string>): string {
  const query = new URLSearchParams(params).toString();
  return `#/${[namespace, screen, ...path].map(encoded).join('/')}${query ? `?${query}` : ''}`;
}

// Half a character, which encodeURIComponent throws at, cannot stand in an address.
function encoded(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\uFFFD'));
}

const LAST = 'trawl.namespace';

function lastNamespace(): string {
  try {
    return localStorage.getItem(LAST) ?? 'default';
  } catch {
    return 'default';
  }
}

export const route = signal<Route>(parseRoute('', 'default'));

let followed: string | null = null;

function follow(): void {
  // A step within the page is told twice, as popstate and as hashchange.
  if (location.hash === followed) return;
  followed = location.hash;
  route.value = parseRoute(location.hash, lastNamespace());
  try {
    localStorage.setItem(LAST, route.value.namespace);
  } catch {
    // Not kept.
  }
}

export function startRoute(): void {
  follow();
  addEventListener('popstate', follow);
  addEventListener('hashchange', follow);
}

/** Goes there: as a new entry of the browser's history, or in place of the present one. */
export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  if (to === location.hash) return;
  const url = location.pathname + location.search + to;
  if (how === 'push') history.pushState(null, '', url);
  else history.replaceState(null, '', url);
  // What was not understood is still to be read where a screen only completes the address.
  const { note } = route.value;
  follow();
  if (how === 'replace' && note) route.value = { ...route.value, note };
}

/** The present place with other parameters; null removes one. */
export function withParams(changes: Record<string, string | null>): string {
  const params = new URLSearchParams(route.value.params);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) params.delete(name);
    else params.set(name, value);
  }
  return href(route.value.namespace, route.value.screen, route.value.path, params);
}
