// Ctrl+K: screens, pasted ids and actions by name. And the list of shortcuts.
import type { VNode } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog';
import { namespaces } from '../state/namespaces';
import { activeShortcuts } from '../state/keyboard';
import { prefer } from '../state/preferences';
import { go, href, route, type Screen } from '../state/route';
import { signOut } from '../state/session';

interface Choice {
  title: string;
  hint: string;
  run: () => void;
}

function choicesFor(words: string, navigation: { screen: Screen; title: string }[]): Choice[] {
  const { namespace } = route.value;
  const text = words.trim();
  const found: Choice[] = [];
  if (/^exec_\w+$/.test(text) || /^[0-9a-f-]{32,36}$/i.test(text)) {
    found.push({ title: `Open execution ${text}`, hint: 'execution', run: () => go(href(namespace, 'executions', [text])) });
  }
  const all: Choice[] = [
    ...navigation.map(({ screen, title }) => ({ title, hint: 'screen', run: () => go(href(namespace, screen)) })),
    { title: 'Replay jobs', hint: 'screen', run: () => go(href(namespace, 'jobs')) },
    { title: 'Failed executions', hint: 'view', run: () => go(href(namespace, 'executions', [], { status: 'failed' })) },
    { title: 'Executions that found nothing', hint: 'view', run: () => go(href(namespace, 'executions', [], { status: 'completed', returned: 'zero' })) },
    { title: 'Running executions', hint: 'view', run: () => go(href(namespace, 'executions', [], { status: 'processing' })) },
    { title: 'Keys', hint: 'settings', run: () => go(href(namespace, 'settings', ['keys'])) },
    { title: 'Recording and redaction', hint: 'settings', run: () => go(href(namespace, 'settings', ['recording'])) },
    { title: 'Retention', hint: 'settings', run: () => go(href(namespace, 'settings', ['retention'])) },
    { title: 'Namespaces', hint: 'settings', run: () => go(href(namespace, 'settings', ['namespaces'])) },
    { title: 'Server and its stages', hint: 'settings', run: () => go(href(namespace, 'settings', ['server'])) },
    { title: 'This browser: colours, times, shortcuts', hint: 'settings', run: () => go(href(namespace, 'settings', ['browser'])) },
    ...namespaces.value.map(({ name }) => ({ title: `Namespace ${name}`, hint: 'namespace', run: () => go(href(name, 'executions')) })),
    ...(['system', 'light', 'dark'] as const).map((theme) => ({ title: `Theme: ${theme}`, hint: 'action', run: () => prefer({ theme }) })),
    { title: 'Sign out', hint: 'action', run: signOut },
  ];
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  found.push(...all.filter(({ title, hint }) => wanted.every((word) => `${title} ${hint}`.toLowerCase().includes(word))));
  if (text) {
    found.push({ title: `Executions with “${text}”`, hint: 'search', run: () => go(href(namespace, 'executions', [], { query: text })) });
  }
  return found;
}

export function Palette({ navigation, onClose }: { navigation: { screen: Screen; title: string }[]; onClose: () => void }): VNode {
  const [words, setWords] = useState('');
  const [at, setAt] = useState(0);
  const choices = useMemo(() => choicesFor(words, navigation), [words]);
  const chosen = Math.min(at, choices.length - 1);
  const list = useRef<HTMLUListElement>(null);
  useLayoutEffect(() => { list.current!.children[chosen]?.scrollIntoView({ block: 'nearest' }); }, [chosen]);
  const run = (choice: Choice | undefined) => {
    if (!choice) return;
    onClose();
    choice.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt(Math.min(chosen + 1, choices.length - 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(chosen - 1, 0));
    else if (event.key === 'Enter') run(choices[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Find" onClose={onClose}>
      <input class="palette-input" value={words} autofocus spellcheck={false} placeholder="A screen, an execution's id, words of a query"
        aria-label="Find a screen, an execution or an action" role="combobox" aria-expanded="true" aria-controls="palette-list"
        aria-activedescendant={choices.length > 0 ? `palette-${chosen}` : undefined} autocomplete="off"
        onInput={(event) => { setWords(event.currentTarget.value); setAt(0); }} onKeyDown={onKeyDown} />
      <ul class="palette-list" ref={list} role="listbox" id="palette-list" aria-label="What was found">
        {choices.map((choice, i) => (
          <li role="option" id={`palette-${i}`} key={`${choice.hint} ${choice.title}`} aria-selected={i === chosen} onClick={() => run(choice)} onPointerMove={() => setAt(i)}>
            <bdi>{choice.title}</bdi><span class="soft">{choice.hint}</span>
          </li>))}
      </ul>
    </Dialog>);
}

export function Help({ onClose }: { onClose: () => void }): VNode {
  const shortcuts = useMemo(activeShortcuts, []);
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <dl class="shortcuts">
        {shortcuts.map(({ keys, says }) => (
          <div key={keys}><dt>{keys.split(/[ +]/).map((one) => <kbd key={one}>{one}</kbd>)}</dt><dd>{says}</dd></div>))}
      </dl>
      <p class="soft">Shortcuts of one key can be turned off under Settings, This browser.</p>
    </Dialog>);
}
