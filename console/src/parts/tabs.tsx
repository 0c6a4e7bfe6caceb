// Tabs: one tab stop, arrows change between them.
import type { ComponentChildren, VNode } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

export interface Tab {
  name: string;
  title: ComponentChildren;
}

export function Tabs({ label, tabs, selected, onSelect, children }: {
  label: string; tabs: Tab[]; selected: string; onSelect: (name: string) => void; children: ComponentChildren;
}): VNode {
  const list = useRef<HTMLDivElement>(null);
  const id = useId(); // Tabs stand within tabs, and may have the same names.
  useLayoutEffect(() => {
    // Where not all fit, the selected one is in sight; the page itself stays where it is.
    const box = list.current!;
    const tab = box.querySelector<HTMLElement>('[aria-selected="true"]');
    if (!tab || box.scrollWidth <= box.clientWidth) return;
    const left = tab.getBoundingClientRect().left - box.getBoundingClientRect().left + box.scrollLeft;
    if (left < box.scrollLeft || left + tab.offsetWidth > box.scrollLeft + box.clientWidth) box.scrollLeft = left - 16;
  }, [selected]);
  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.name === selected);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    onSelect(tabs[next]!.name);
    (list.current!.children[next] as HTMLElement).focus();
  };
  return (
    <div class="tabs">
      <div role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button type="button" role="tab" key={tab.name} id={`${id}-tab-${tab.name}`} aria-selected={tab.name === selected}
            aria-controls={tab.name === selected ? `${id}-panel` : undefined} tabIndex={tab.name === selected ? 0 : -1}
            onClick={() => onSelect(tab.name)}>{tab.title}</button>))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-tab-${selected}`} class="tab-panel">{children}</div>
    </div>);
}
