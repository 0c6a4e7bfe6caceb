// A long text by lines, of which those in sight are drawn.
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { count } from '../state/format';
import { visibleRows } from '../state/virtual';
import { useScroll } from './scroll';

const LINE_HEIGHT = 20;
const LONG = 2000; // Characters of a line that are drawn.

export function Lines({ lines, label }: { lines: readonly string[]; label: string }): VNode {
  const box = useRef<HTMLDivElement>(null);
  const [scroll, measure] = useScroll(box);
  const { first, end } = visibleRows(scroll.top, scroll.height, LINE_HEIGHT, lines.length);
  return (
    <div class="lines" ref={box} tabIndex={0} role="region" aria-label={label}
      onScroll={measure}>
      <div class="lines-body" style={{ height: `${lines.length * LINE_HEIGHT}px` }}>
        <pre style={{ transform: `translateY(${first * LINE_HEIGHT}px)` }}>{lines.slice(first, end).map((line) => (
          line.length > LONG ? `${line.slice(0, LONG)} … ${count(line.length - LONG)} more characters` : line)).join('\n')}</pre>
      </div>
    </div>);
}
