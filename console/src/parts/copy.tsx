// A value with a button that copies it.
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without https there is no clipboard; the old way works from a click.
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'off-screen';
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

/** A button that copies, and says so for a moment. */
export function CopyButton({ text, label, className = '', autofocus, onCopied }: {
  text: string | (() => string); label: string; className?: string; autofocus?: boolean; onCopied?: () => void;
}): VNode {
  const [said, say] = useState<string | null>(null);
  const timer = useRef(0);
  const copy = async () => {
    const isCopied = await copyText(typeof text === 'string' ? text : text());
    say(isCopied ? 'Copied' : 'Copying is not allowed here');
    if (isCopied) onCopied?.();
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => say(null), 1500);
  };
  return <button type="button" class={className} autofocus={autofocus} onClick={copy} aria-live="polite">{said ?? label}</button>;
}

/** An id in full, copied by a click. */
export function Copy({ text, shown }: { text: string; shown?: string }): VNode {
  const [done, setDone] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" class="copy" title={done ? 'Copied' : 'Copy'} onClick={copy}>
      <bdi>{shown ?? text}</bdi> <span aria-hidden="true" class={done ? '' : 'copy-sign'}>{done ? '✓' : ''}</span><span class="off-screen">{done ? ' copied' : ' (copy)'}</span>
    </button>);
}
