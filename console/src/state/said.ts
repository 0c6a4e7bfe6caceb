// A sentence that the page says for a moment, over whatever screen is shown, and to screen readers.
import { signal } from '@preact/signals';

export const said = signal('');
let timer = 0;

export function say(what: string): void {
  said.value = what;
  clearTimeout(timer);
  timer = window.setTimeout(() => { said.value = ''; }, 5000);
}
