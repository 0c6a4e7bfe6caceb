// A button that opens a list of actions or choices.
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useId } from 'preact/hooks';
import { keepInSight } from './in_sight';
import { usePopup } from './popup';

export interface MenuItem {
  label: ComponentChildren;
  run?: () => void;
  href?: string;
  checked?: boolean; // A choice that is on or off.
  disabled?: string; // Why it cannot be chosen.
  separated?: boolean; // A line before it.
}

export function Menu({ label, items, title, align, className }: {
  label: ComponentChildren; items: MenuItem[]; title?: string; align?: 'end'; className?: string;
}): VNode {
  const { isOpen, setOpen, close, root, button } = usePopup();
  const id = useId();
  useEffect(() => {
    if (!isOpen) return;
    keepInSight(root.current!.querySelector<HTMLElement>('.menu-list')!);
    entries()[0]?.focus();
  }, [isOpen]);
  const entries = () => [...(root.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])];
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isOpen) {
      if (event.key === 'ArrowDown') {
        event.preventDefault();
        setOpen(true);
      }
      return;
    }
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[(to + all.length) % all.length]?.focus();
    else if (event.key === 'Escape') close();
    else if (event.key === 'Tab') return close(false);
    else if (event.key.length === 1 && /\S/.test(event.key) && !event.ctrlKey && !event.metaKey) {
      const letter = event.key.toLowerCase();
      const next = [...all.slice(at + 1), ...all].find((one) => one.textContent!.trim().toLowerCase().startsWith(letter));
      next?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class={`menu ${className ?? ''}`} ref={root} onKeyDown={onKeyDown}>
      <button type="button" ref={button} aria-haspopup="menu" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined}
        title={title} onClick={() => setOpen(!isOpen)}>{label} <span aria-hidden="true">▾</span></button>
      {isOpen && (
        <div class={`menu-list${align === 'end' ? ' is-end' : ''}`} role="menu" id={id} aria-label={title}>
          {items.map((item, i) => {
            const common = {
              role: item.checked === undefined ? 'menuitem' as const : 'menuitemcheckbox' as const,
              'aria-checked': item.checked, tabIndex: -1, key: i,
              class: item.separated ? 'is-separated' : '',
            };
            if (item.href !== undefined) return <a {...common} href={item.href} onClick={() => close(false)}>{item.label}</a>;
            return (
              <button type="button" {...common} aria-disabled={item.disabled ? true : undefined}
                onClick={() => {
                  if (item.disabled) return;
                  if (item.checked === undefined) close();
                  item.run?.();
                }}>
                {item.checked !== undefined && <span class="check" aria-hidden="true">{item.checked ? '✓' : ''}</span>}{item.label}
                {item.disabled && <span class="soft hint why-not">{item.disabled}</span>}
              </button>);
          })}
        </div>)}
    </div>);
}
