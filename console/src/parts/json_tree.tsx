// JSON as a tree that opens. Everything in it is text.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../state/format';

const MANY = 100; // Members that are shown before "more".

export function JsonTree({ value, open = 2, onPick }: {
  value: unknown;
  open?: number; // Levels that are open at first.
  onPick?: (path: (string | number)[], value: unknown, event: MouseEvent) => void; // A value was clicked.
}): VNode {
  return <div class="tree"><Node value={value} path={[]} open={open} onPick={onPick} /></div>;
}

interface NodeProps {
  value: unknown;
  path: (string | number)[];
  open: number;
  name?: string | number;
  onPick?: ((path: (string | number)[], value: unknown, event: MouseEvent) => void) | undefined;
}

function Node({ value, path, open, name, onPick }: NodeProps): VNode {
  const [isOpen, setOpen] = useState(open > 0);
  const [shown, setShown] = useState(MANY);
  const key = name === undefined ? null : <><span class="tree-key"><bdi>{name}</bdi></span>: </>;
  if (value === null || typeof value !== 'object') {
    const leaf = <bdi class={`tree-${value === null ? 'null' : typeof value}`}>{typeof value === 'string' ? JSON.stringify(value) : String(value)}</bdi>;
    return (
      <div class="tree-line">{key}
        {onPick ? <button type="button" class="plain" onClick={(event) => onPick(path, value, event)}>{leaf}</button> : leaf}
      </div>);
  }
  const isList = Array.isArray(value);
  const entries: [string | number, unknown][] = isList ? value.map((item, i) => [i, item]) : Object.entries(value);
  if (entries.length === 0) return <div class="tree-line">{key}{isList ? '[]' : '{}'}</div>;
  return (
    <div class="tree-node">
      <button type="button" class="plain tree-toggle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> {key}
        <span class="soft">{isList ? `[${count(entries.length)}]` : `{${count(entries.length)}}`}</span>
      </button>
      {isOpen && (
        <div class="tree-children">
          {entries.slice(0, shown).map(([member, item]) => (
            <Node key={member} name={member} value={item} path={[...path, member]} open={open - 1} onPick={onPick} />))}
          {entries.length > shown && (
            <button type="button" class="plain" onClick={() => setShown(shown + 10 * MANY)}>{count(entries.length - shown)} more</button>)}
        </div>)}
    </div>);
}
