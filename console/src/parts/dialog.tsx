// A dialog over the page, by the browser's own element: it holds the focus, and Escape closes it.
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';

export interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, wide }: DialogProps): VNode {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const isPressedOutside = useRef(false);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const own = element.current!;
    own.showModal();
    return () => {
      own.close(); // While it is open, nothing outside of it can have the focus.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog ref={element} class={wide ? 'is-wide' : ''} aria-labelledby={heading}
      onCancel={(event) => { event.preventDefault(); onClose(); }}
      onPointerDown={(event) => { isPressedOutside.current = event.target === element.current; }}
      onClick={(event) => {
        // A selection of text that ends outside is no wish to close.
        if (event.target === element.current && isPressedOutside.current) onClose();
      }}>
      <header>
        <h2 id={heading}>{title}</h2>
        <button type="button" class="icon" aria-label="Close" onClick={onClose}>×</button>
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>);
}

/** Asks before something is done that cannot be undone; `word` has to be typed. */
export function Confirm(props: {
  title: string; word: string; action: string; busy?: boolean; error?: ComponentChildren;
  onConfirm: () => void; onClose: () => void; children: ComponentChildren;
}): VNode {
  const field = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const check = () => { button.current!.disabled = field.current!.value.trim() !== props.word || !!props.busy; };
  useEffect(check);
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); props.onConfirm(); }}>
        {props.children}
        <label class="field"><span>Type <strong><bdi>{props.word}</bdi></strong> to go on</span>
          <input ref={field} onInput={check} autocomplete="off" spellcheck={false} autofocus />
        </label>
        {props.error}
        <div class="actions">
          <button type="button" onClick={props.onClose}>Cancel</button>
          <button type="submit" class="danger" ref={button}>{props.action}</button>
        </div>
      </form>
    </Dialog>);
}
