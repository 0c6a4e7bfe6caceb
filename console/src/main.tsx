// The page begins here. The session comes first: as it loads it takes the key from the fragment
// and removes it there, before anything else runs.
import { key, useNamespace } from './state/session';
import { render } from 'preact';
import { startKeyboard } from './state/keyboard';
import { applyPreferences } from './state/preferences';
import { route, startRoute } from './state/route';
import { askForRows } from './screens/executions';
import { Shell } from './screens/shell';

applyPreferences();
startRoute();
startKeyboard();
const draw = () => render(<Shell />, document.getElementById('page')!);
if (key.value !== '' && route.value.screen === 'executions' && route.value.path.length === 0) {
  // To draw the page without rows takes longer than it takes to get them.
  useNamespace(route.value.namespace);
  void Promise.race([askForRows(), new Promise((resolve) => setTimeout(resolve, 100))]).then(draw);
} else {
  draw();
}
