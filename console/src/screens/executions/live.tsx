// The live switch's other half, loaded when it is turned on: follows the history, and hands on its rows.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { tailExecutions, type Row } from '../../api/executions';
import { count, plural } from '../../state/format';
import { follow, parsed, type FollowState } from '../../state/follow';
import type { Conditions } from '../../state/list_filter';
import { key } from '../../state/session';

const EACH_MS = 250; // Rows are handed on in batches, so that fifty a second cost four drawings.

// What is looked for among running executions is asked for without that condition: their ends would
// not match it, and they would run for ever.
function filterOf(conditions: Conditions): { filter: Conditions; wanted: string[] | null } {
  const statuses = conditions.status !== undefined ? [conditions.status] : Array.isArray(conditions.statuses) ? conditions.statuses : [];
  if (!statuses.includes('processing')) return { filter: conditions, wanted: null };
  const { status: _, statuses: __, ...filter } = conditions;
  return { filter: filter as Conditions, wanted: statuses };
}

export interface LiveProps {
  conditions: Conditions;
  fields: string[] | null;
  since: string | null; // Of the newest row.
  isKnown: (id: string) => boolean;
  isAtTop: boolean;
  onRows: (rows: Row[]) => void;
  onReload: () => void;
  onTop: () => void;
}

export function Live(props: LiveProps): VNode {
  const [state, setState] = useState<FollowState>({ kind: 'connecting' });
  const [gap, setGap] = useState(0); // Events that were lost, or left out.
  const [held, setHeld] = useState<Row[]>([]); // New rows while one reads further down.
  const current = useRef(props);
  current.current = props;
  const waiting = useRef<Row[]>([]);

  const { filter, wanted } = filterOf(props.conditions);
  const question = JSON.stringify([filter, props.fields, key.value]);
  useEffect(() => {
    setHeld([]);
    setGap(0);
    let timer = 0;
    const flush = () => {
      timer = 0;
      const rows = waiting.current;
      waiting.current = [];
      const { isKnown, isAtTop, onRows } = current.current;
      const now = rows.filter((row) => isAtTop || isKnown(row.execution_id));
      const later = rows.filter((row) => !isAtTop && !isKnown(row.execution_id));
      if (now.length > 0) onRows(now);
      if (later.length > 0) {
        setHeld((before) => {
          const ids = new Set(later.map((row) => row.execution_id));
          return [...before.filter((row) => !ids.has(row.execution_id)), ...later].slice(-5000);
        });
      }
    };
    const stop = follow({
      since: current.current.since, onState: setState,
      open: (since, once, signal) => tailExecutions({ filter, since, fields: props.fields, once }, signal),
      onEvent: ({ event, data }) => {
        const said = parsed(data);
        if (event === 'execution_started' || event === 'execution_ended') {
          const row = said as Row;
          if (typeof row.execution_id !== 'string') return;
          if (wanted && !wanted.includes(row.status) && !current.current.isKnown(row.execution_id) && !waiting.current.some((one) => one.execution_id === row.execution_id)) return;
          waiting.current.push(row);
          if (timer === 0) timer = window.setTimeout(flush, EACH_MS);
        } else if (event === 'dropped' || event === 'skipped') {
          setGap((before) => before + (typeof said.count === 'number' ? said.count : 1));
        }
      },
    });
    return () => {
      stop();
      clearTimeout(timer);
      waiting.current = [];
    };
  }, [question]);

  const show = () => {
    props.onRows(held);
    setHeld([]);
    props.onTop();
  };
  useEffect(() => {
    if (props.isAtTop && held.length > 0) show();
  }, [props.isAtTop]);

  return (
    <>
      <span class={`live-state${state.kind === 'ended' || state.kind === 'waiting' ? ' warn' : ' soft'}`} role="status">{TEXTS[state.kind](state)}</span>
      {gap > 0 && (
        <span class="warn" role="status">{plural(gap, 'execution', 'executions')} went by too quickly to be shown.{' '}
          <button type="button" onClick={() => { setGap(0); props.onReload(); }}>Load them</button></span>)}
      {held.length > 0 && <button type="button" class="primary live-pill" onClick={show}><span role="status">{count(held.length)} new</span> ↑</button>}
    </>);
}

const TEXTS: { [K in FollowState['kind']]: (state: FollowState) => string } = {
  connecting: () => 'connecting …',
  live: () => 'following',
  waiting: (state) => `the stream broke; again in ${(state as { seconds: number }).seconds} s`,
  polling: () => 'all streams of the server are in use: asking each 5 s',
  hidden: () => 'paused',
  ended: (state) => (state as { message: string }).message,
};
