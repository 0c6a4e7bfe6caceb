// Shortcuts. Each screen and part says its own while it is shown; the newest that takes a key has it.
import { useLayoutEffect, useRef } from 'preact/hooks';
import { preferences } from './preferences';

export interface Shortcut {
  keys: string; // "j", "g e", "Ctrl+K", "Escape"
  says: string; // What it does, for the list of shortcuts.
  run: (event: KeyboardEvent) => void | boolean; // false: not mine, ask the next.
  inFields?: boolean; // Also while one types.
}

interface Scope {
  order: number;
  list: Shortcut[];
}

const scopes: Scope[] = []; // By order: what holds others comes before them.
let scopesMade = 0;
let prefix = '';
let prefixTimer = 0;

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select') ||
     target.shadowRoot !== null);
}

/** "Ctrl+K", "j", "?", "Escape": how an event is written in `keys`. */
export function keyOf(event: KeyboardEvent): string {
  const name = event.key === ' ' ? 'Space' : event.key;
  // Where AltGr makes a character, it is reported as Ctrl and Alt too.
  const isTyped = event.getModifierState('AltGraph') && name.length === 1;
  const control = (event.ctrlKey || event.metaKey) && !isTyped ? 'Ctrl+' : '';
  const alt = event.altKey && !isTyped ? 'Alt+' : '';
  return control + alt + (control && name.length === 1 ? name.toUpperCase() : name);
}

function onKey(event: KeyboardEvent): void {
  // An open dialog has the keyboard to itself.
  if (event.isComposing || event.defaultPrevented || document.querySelector('dialog:modal')) return;
  const typing = isField(event.target);
  const pressed = keyOf(event);
  const isSingle = pressed.length === 1 || pressed.startsWith('Shift');
  if (isSingle && !preferences.value.shortcuts) return;
  const wanted = prefix ? `${prefix} ${pressed}` : pressed;
  for (const { list } of [...scopes].reverse()) {
    for (const shortcut of list) {
      if (shortcut.keys !== wanted || (typing && !shortcut.inFields)) continue;
      if (shortcut.run(event) === false) continue;
      event.preventDefault();
      prefix = '';
      return;
    }
  }
  if (prefix) {
    prefix = '';
    return;
  }
  if (typing) return;
  if (scopes.some(({ list }) => list.some(({ keys }) => keys.startsWith(`${pressed} `)))) {
    prefix = pressed;
    clearTimeout(prefixTimer);
    prefixTimer = window.setTimeout(() => { prefix = ''; }, 1500);
  }
}

export function startKeyboard(): void {
  addEventListener('keydown', onKey);
}

/** These hold while the component is shown, before those of the components that hold it. */
export function useShortcuts(list: Shortcut[]): void {
  const scope = useRef<Scope | null>(null);
  // While drawing, outer components come first; effects run the other way round.
  scope.current ??= { order: scopesMade++, list };
  scope.current.list = list;
  useLayoutEffect(() => { // At once: what can be seen can be used by its keys.
    const own = scope.current!;
    scopes.push(own);
    scopes.sort((a, b) => a.order - b.order);
    return () => {
      scopes.splice(scopes.indexOf(own), 1);
    };
  }, []);
}

/** All that hold now, the innermost first. */
export function activeShortcuts(): Shortcut[] {
  const seen = new Set<string>();
  return [...scopes].reverse().flatMap(({ list }) => list).filter(({ keys }) => !seen.has(keys) && seen.add(keys));
}
