// What opens below a button: a click elsewhere closes it, and closing gives the focus back.
import { useEffect, useRef, useState } from 'preact/hooks';

export function usePopup() {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null); // Holds the button and what it opens.
  const button = useRef<HTMLButtonElement>(null);
  const close = (refocus = true) => {
    setOpen(false);
    if (refocus) button.current?.focus();
  };
  useEffect(() => {
    if (!isOpen) return undefined;
    const onDown = (event: Event) => { if (!root.current!.contains(event.target as Node)) close(false); };
    addEventListener('pointerdown', onDown);
    return () => removeEventListener('pointerdown', onDown);
  }, [isOpen]);
  return { isOpen, setOpen, close, root, button };
}
