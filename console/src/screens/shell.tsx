// What surrounds every screen: navigation, namespace, sign-in, banners, palette, list of shortcuts.
import type { ComponentType, VNode } from 'preact';
import { useEffect, useErrorBoundary, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ready } from '../api/server';
import { laterStyle } from '../parts/later_style';
import { Menu, type MenuItem } from '../parts/menu';
import { Skeleton, Note } from '../parts/states';
import { askForRecord } from '../state/early_record';
import { namespaces, loadNamespaces } from '../state/namespaces';
import { useShortcuts } from '../state/keyboard';
import { prefer, preferences } from '../state/preferences';
import { go, href, route, type Route, type Screen } from '../state/route';
import { said, say } from '../state/said';
import { key, offline, refused, signOut, useNamespace } from '../state/session';
import Executions from './executions';
import { SignIn } from './sign_in';

type ScreenModule = { default: ComponentType };

// Each screen but the list is a file of its own, loaded when it is first shown.
const load: Record<Screen, () => Promise<ScreenModule>> = {
  executions: () => {
    askForRecord(route.value.path[0]!); // It takes as long as the page does.
    return import('./execution');
  },
  compare: () => import('./compare'),
  why: () => import('./why'),
  play: () => import('./play'),
  jobs: () => import('./jobs'),
  collections: () => import('./collections'),
  stats: () => import('./stats'),
  settings: () => import('./settings'),
};

const NAVIGATION: { screen: Screen; title: string; keys: string }[] = [
  { screen: 'executions', title: 'Executions', keys: 'g e' },
  { screen: 'play', title: 'Playground', keys: 'g p' },
  { screen: 'collections', title: 'Collections', keys: 'g c' },
  { screen: 'stats', title: 'Stats', keys: 'g s' },
  { screen: 'settings', title: 'Settings', keys: 'g t' },
];

const OTHER_TITLES: Partial<Record<Screen, string>> = { compare: 'Compare', why: 'Why', jobs: 'Replay jobs' };

// As browsers show it on tabs and in their history: what is most its own comes first.
function titleOf({ namespace, screen, path }: Route): string {
  const of = NAVIGATION.find((one) => one.screen === screen)?.title ?? OTHER_TITLES[screen] ?? screen;
  return [...path.slice(0, 2).reverse(), of, namespace, 'Trawl'].join(' · ');
}

export function Shell(): VNode {
  const { namespace, screen, path, note } = route.value;
  useNamespace(namespace);
  const isSignedIn = key.value !== '';
  useEffect(() => {
    void loadNamespaces();
  }, [isSignedIn, key.value]);
  useEffect(() => {
    document.title = titleOf(route.value);
  }, [screen, namespace, path.join('/')]);
  useEffect(() => {
    // There before it is wanted, so that what is typed after Ctrl+K goes into it.
    const timer = isSignedIn ? setTimeout(() => { void import('./palette').catch(() => undefined); }, 1500) : 0;
    return () => clearTimeout(timer);
  }, [isSignedIn]);
  const [overlay, setOverlay] = useState<'palette' | 'help' | null>(null);
  useShortcuts([
    { keys: 'Ctrl+K', says: 'Find a screen, an execution or an action', inFields: true, run: () => setOverlay('palette') },
    { keys: '?', says: 'Show these shortcuts', run: () => setOverlay('help') },
    { keys: 'y', says: 'Copy a link to this place', run: () => {
      void import('../parts/copy').then(async ({ copyText }) => say((await copyText(location.href)) ? 'The link was copied.' : 'Copying is not allowed here.'));
    } },
    ...NAVIGATION.map(({ screen: to, title, keys }) => ({ keys, says: `Go to ${title}`, run: () => go(href(namespace, to)) })),
  ]);

  return (
    <>
      <header>
        <a class="skip" href={location.hash} onClick={(event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>Skip to the content</a>
        <div class="top">
          <a class="brand" href={href(namespace, 'executions')}>Trawl</a>
          {isSignedIn && <NamespaceMenu />}
          <nav aria-label="Screens">
            {NAVIGATION.map((one) => (
              <a key={one.screen} href={href(namespace, one.screen)} aria-current={one.screen === screen ? 'page' : undefined}>{one.title}</a>))}
          </nav>
          <span class="spring" />
          <button type="button" class="quiet palette-button" onClick={() => setOverlay('palette')} aria-keyshortcuts="Control+K">Find <kbd>Ctrl K</kbd></button>
          <ThemeButton />
          {isSignedIn && <Menu label="Key" title="The key in use" align="end" className="quiet" items={[
            { label: 'Settings', href: href(namespace, 'settings') },
            { label: 'Keyboard shortcuts', run: () => setOverlay('help') },
            { label: 'API documentation', href: 'docs' },
            { label: 'Sign out', separated: true, run: signOut },
          ]} />}
        </div>
        {offline.value && <Offline />}
      </header>
      <main id="main" tabIndex={-1} data-screen={screen} aria-label={NAVIGATION.find((one) => one.screen === screen)?.title ?? OTHER_TITLES[screen]}>
        {note && <Note kind="warning">{note}</Note>}
        {isSignedIn && <ScreenOf key={JSON.stringify([screen, screen === 'executions' && path.length > 0, namespace])} screen={screen} />}
      </main>
      <p class={said.value ? 'toast' : 'off-screen'} role="status">{said.value}</p>
      {(!isSignedIn || refused.value) && <SignIn />}
      {overlay && isSignedIn && <Overlay kind={overlay} onClose={() => setOverlay(null)} />}
    </>);
}

let isFirstScreen = true;

// One that was gone to has the focus, on its heading, so that keys and speech go on from there. It
// is left where a screen has placed it itself, and where somebody types or has a dialog open.
function focusScreen(): void {
  const main = document.getElementById('main')!;
  const at = document.activeElement;
  if (at && at !== document.body && (main.contains(at) || at.matches('dialog *, input, textarea'))) return;
  const heading = main.querySelector('h1');
  heading?.setAttribute('tabindex', '-1');
  (heading ?? main).focus({ preventScroll: true });
}

function ScreenOf({ screen }: { screen: Screen }): VNode {
  // The list is here already.
  const [Loaded, setLoaded] = useState<ComponentType | null>(() => (screen === 'executions' && route.value.path.length === 0 ? Executions : null));
  const [failed, setFailed] = useState(false);
  const [broken, mend] = useErrorBoundary();
  useLayoutEffect(() => {
    if (Loaded) return;
    Promise.all([load[screen](), laterStyle()]).then(([module]) => setLoaded(() => module.default), () => setFailed(true));
  }, []);
  const isShown = useRef(false);
  useEffect(() => {
    if (!Loaded || isShown.current) return;
    isShown.current = true;
    if (!isFirstScreen) focusScreen();
    isFirstScreen = false;
  }, [Loaded]);
  useEffect(() => {
    if (broken) mend();
  }, [route.value]);
  if (broken) {
    return (
      <div class="error-box" role="alert">
        <p><strong>This part of the page failed.</strong> That is a mistake in the page itself. Elsewhere it goes on.</p>
        <p class="soft">{broken instanceof Error ? broken.message : String(broken)}</p>
        <div class="line"><button type="button" onClick={mend}>Try again</button> <button type="button" onClick={() => location.reload()}>Reload the page</button></div>
      </div>);
  }
  if (failed) {
    return (
      <div class="error-box" role="alert">
        <p><strong>This part of the page could not be loaded.</strong> The server may have been updated, or is out of reach.</p>
        <button type="button" onClick={() => location.reload()}>Reload</button>
      </div>);
  }
  return Loaded ? <Loaded /> : <Skeleton />;
}

// The palette and the list of shortcuts are loaded when wanted.
function Overlay({ kind, onClose }: { kind: 'palette' | 'help'; onClose: () => void }): VNode | null {
  const [module, setModule] = useState<typeof import('./palette') | null>(null);
  useEffect(() => { void import('./palette').then(setModule, onClose); }, []);
  if (!module) return null;
  return kind === 'palette' ? <module.Palette navigation={NAVIGATION} onClose={onClose} /> : <module.Help onClose={onClose} />;
}

function NamespaceMenu(): VNode {
  const { namespace, screen } = route.value;
  const known = namespaces.value.some((one) => one.name === namespace) ? namespaces.value : [{ name: namespace }, ...namespaces.value];
  const items: MenuItem[] = known.map(({ name }) => ({
    label: <bdi>{name}</bdi>, checked: name === namespace, run: () => go(href(name, screen === 'settings' ? 'settings' : screen)),
  }));
  return <Menu label={<bdi>{namespace}</bdi>} title="Namespace" items={items} className="namespace" />;
}

function ThemeButton(): VNode {
  const { theme } = preferences.value;
  const next = { system: 'light', light: 'dark', dark: 'system' } as const;
  const sign = { system: '◐', light: '☀', dark: '☾' };
  return (
    <button type="button" class="icon" onClick={() => prefer({ theme: next[theme] })}
      aria-label={`Theme: ${theme}. Change to ${next[theme]}`} title={`Theme: ${theme}`}>{sign[theme]}</button>);
}

// Asks until the server is back: 1, 2, 4 … 30 seconds, and at once where the network returns.
function Offline(): VNode {
  const [next, setNext] = useState(0); // When it is asked again.
  const [now, setNow] = useState(Date.now());
  const asked = useRef<() => void>(() => undefined);
  useEffect(() => {
    let wait = 1000;
    let timer = 0;
    let isAsking = false;
    const later = () => {
      setNext(Date.now() + wait);
      timer = window.setTimeout(ask, wait);
      wait = Math.min(2 * wait, 30_000);
    };
    const ask = () => {
      if (isAsking) return;
      isAsking = true;
      clearTimeout(timer);
      ready().catch(() => { if (offline.value) later(); }).finally(() => { isAsking = false; });
    };
    asked.current = ask;
    later();
    const clock = setInterval(() => setNow(Date.now()), 1000);
    addEventListener('online', ask);
    return () => {
      clearTimeout(timer);
      clearInterval(clock);
      removeEventListener('online', ask);
    };
  }, []);
  const left = Math.max(0, Math.ceil((next - now) / 1000));
  return (
    <div class="banner line">
      <span role="alert">The server does not answer. What you see stays; the page goes on as soon as it is back.</span>
      <span class="spring" />
      <span>{left > 0 ? `Asking again in ${left} s` : 'Asking …'}</span>
      <button type="button" onClick={() => asked.current()}>Ask now</button>
    </div>);
}
