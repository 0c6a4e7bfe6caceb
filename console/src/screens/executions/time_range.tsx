// The range of time; what it can be is loaded when one opens it.
import type { VNode } from 'preact';
import { useId } from 'preact/hooks';
import { Lazy } from '../../parts/lazy';
import { usePopup } from '../../parts/popup';
import { useShortcuts } from '../../state/keyboard';
import type { Conditions } from '../../state/list_filter';
import { rangeLabel, rangeTitle, withRange, zoomedOut } from '../../state/range';

export function TimeRange({ conditions, filter, onChange }: {
  conditions: Conditions; filter: Record<string, unknown> | null; onChange: (conditions: Conditions) => void;
}): VNode {
  const { isOpen, setOpen, close, root, button } = usePopup();
  const id = useId();
  useShortcuts([
    { keys: 't', says: 'Choose the range of time; a then sets two instants', run: () => setOpen(true) },
    { keys: '-', says: 'Zoom out: twice the range', run: () => onChange(zoomedOut(conditions, Date.now())) },
  ]);
  const set = (start: string | null, end: string | null) => {
    close();
    onChange(withRange(conditions, start, end));
  };
  return (
    <div class="menu range" ref={root}>
      <button type="button" ref={button} aria-haspopup="dialog" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined} aria-keyshortcuts="t"
        title={rangeTitle(filter)} onClick={() => setOpen(!isOpen)}>{rangeLabel(conditions)} <span aria-hidden="true">▾</span></button>
      {isOpen && (
        <Lazy load={() => import('./range_list').then((module) => module.RangeList)} props={{ id, conditions, filter, onSet: set, onClose: close }} />)}
    </div>);
}
