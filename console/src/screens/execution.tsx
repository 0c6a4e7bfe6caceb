// One execution as a page: #/{namespace}/executions/{id}; and what the list shows of it beside itself.
import type { VNode } from 'preact';
import { route } from '../state/route';
import { RunView } from './execution/run';

export { RunPane } from './execution/run';
export { prefetchRun } from '../state/runs';

export default function Screen(): VNode {
  const id = route.value.path[0] ?? '';
  return <article class="run run-page" key={id}><RunView id={id} row={null} /></article>;
}
