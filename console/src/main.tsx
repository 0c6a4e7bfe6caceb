// The page begins here. The session comes first: as it loads it takes the key from the fragment
// and removes it there, before anything else runs.
import { key, useNamespace } from './state/session';
import { render } from 'preact';
import { warmFormats } from './state/format';
import { startKeyboard } from './state/keyboard';
import { drawn } from './state/painted';
import { applyPreferences } from './state/preferences';
import { route, startRoute } from './state/route';
import { askForRows } from './screens/executions';
import { Shell } from './screens/shell';

// The script may be there before the style, and what is drawn without it would be laid out twice.
function styled(): Promise<unknown> {
  const style = document.querySelector<HTMLLinkElement>('link[rel=stylesheet]')!;
  return style.sheet ? Promise.resolve() : new Promise((resolve) => { style.onload = style.onerror = resolve; });
}

function draw(): void {
  render(<Shell />, document.getElementById('page')!);
  drawn();
}

applyPreferences();
startRoute();
if (key.value !== '' && route.value.screen === 'executions' && route.value.path.length === 0) {
  // To draw the page without rows takes longer than it takes to get them.
  useNamespace(route.value.namespace);
  const rows = Promise.race([askForRows(), new Promise((resolve) => setTimeout(resolve, 100))]);
  warmFormats();
  void Promise.all([rows, styled()]).then(draw);
} else {
  void styled().then(draw);
}
startKeyboard();
