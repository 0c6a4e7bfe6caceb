// The ranges of time to choose from: presets, or two instants.
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { keepInSight } from '../../parts/in_sight';
import type { Conditions } from '../../state/list_filter';
import { preferences } from '../../state/preferences';
import { instantMs, PRESETS, presetLabel } from '../../state/range';

// What a field of the browser takes, in the zone that one reads times in.
function fieldValue(ms: number | null): string {
  if (ms === null) return '';
  const offset = preferences.value.timeZone === 'utc' ? 0 : new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offset).toISOString().slice(0, 19);
}

function instantOf(text: string): string | null {
  if (text === '') return null;
  const date = new Date(preferences.value.timeZone === 'utc' ? `${text}Z` : text);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

export function RangeList({ id, conditions, filter, onSet, onClose }: {
  id: string;
  conditions: Conditions;
  filter: Record<string, unknown> | null; // As the server understood it.
  onSet: (start: string | null, end: string | null) => void;
  onClose: () => void;
}): VNode {
  const root = useRef<HTMLDivElement>(null);
  const from = useRef<HTMLInputElement>(null);
  const to = useRef<HTMLInputElement>(null);
  useEffect(() => {
    keepInSight(root.current!);
    (root.current!.querySelector<HTMLElement>('[aria-pressed="true"]') ?? root.current!.querySelector<HTMLElement>('button'))?.focus();
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    const inField = event.target instanceof HTMLInputElement;
    const all = [...root.current!.querySelectorAll<HTMLElement>('button')];
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (event.key === 'Escape') onClose();
    else if (event.key === 'a' && !inField) from.current!.focus();
    else if (event.key === 'ArrowDown' && !inField) all[(at + 1) % all.length]?.focus();
    else if (event.key === 'ArrowUp' && !inField) all[(at - 1 + all.length) % all.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const now = Date.now();
  const isPlain = conditions.end_time === undefined;
  return (
    <div class="menu-list range-list" ref={root} onKeyDown={onKeyDown} role="dialog" aria-label="Range of time" id={id}>
      {PRESETS.map((preset) => (
        <button type="button" key={preset} aria-pressed={isPlain && conditions.start_time === preset} onClick={() => onSet(preset, null)}>{presetLabel(preset)}</button>))}
      <button type="button" aria-pressed={isPlain && conditions.start_time === undefined} onClick={() => onSet(null, null)}>all time</button>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); onSet(instantOf(from.current!.value), instantOf(to.current!.value)); }}>
        <label class="field">From <input ref={from} type="datetime-local" step="1" defaultValue={fieldValue(instantMs(filter?.start_time ?? conditions.start_time, now))} /></label>
        <label class="field">To <input ref={to} type="datetime-local" step="1" defaultValue={fieldValue(instantMs(filter?.end_time ?? conditions.end_time, now))} /></label>
        <p class="soft">{preferences.value.timeZone === 'utc' ? 'In UTC.' : 'In your time zone.'} Empty is open.</p>
        <div class="actions"><button type="submit" class="primary">Set</button></div>
      </form>
    </div>);
}
