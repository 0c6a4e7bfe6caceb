// The place of the editor: a plain field until it is loaded, and where it cannot be.
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Mark } from '../../state/pipeline_help';
import { knowledge } from '../../state/knowledge';
import type { Editor } from './editor';

export interface CodeHandle {
  replace: (text: string) => void;
  show: (from: number, to: number) => void;
  past: () => unknown;
}

export function Code({ text, past, label, onChange, onRun, onEscape, marks, handle }: {
  text: string; // At first; what is written then is told to `onChange`.
  past?: unknown;
  label: string;
  onChange: (text: string) => void;
  onRun: () => void;
  onEscape: () => boolean;
  marks: (text: string) => Mark[]; // What the server said of the text.
  handle: { current: CodeHandle | null };
}): VNode {
  const host = useRef<HTMLDivElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const editor = useRef<Editor | null>(null);
  const caret = useRef<number | null>(null);
  const now = useRef(text);
  const latest = useRef({ onChange, onRun, onEscape, marks });
  latest.current = { onChange, onRun, onEscape, marks };
  const [state, setState] = useState<'loading' | 'there' | 'failed'>('loading');

  useEffect(() => {
    let isGone = false;
    import('./editor').then(({ createEditor }) => {
      if (isGone) return;
      // One goes on writing where one was.
      if (document.activeElement === area.current) caret.current = area.current!.selectionEnd;
      editor.current = createEditor(host.current!, {
        text: now.current, past, label,
        onChange: (next) => { now.current = next; latest.current.onChange(next); },
        onRun: () => latest.current.onRun(),
        onEscape: () => latest.current.onEscape(),
        knowledge: () => knowledge.peek(),
        marks: (whole) => latest.current.marks(whole),
      });
      setState('there');
    }, () => { if (!isGone) setState('failed'); });
    const stop = knowledge.subscribe(() => editor.current?.recheck());
    handle.current = {
      replace: (next) => {
        now.current = next;
        if (editor.current) editor.current.replace(next);
        else if (area.current) {
          area.current.value = next;
          latest.current.onChange(next);
        }
      },
      show: (from, to) => {
        if (editor.current) editor.current.show(from, to);
        else {
          area.current?.focus();
          area.current?.setSelectionRange(from, to);
        }
      },
      past: () => editor.current?.past(),
    };
    return () => {
      isGone = true;
      stop();
      editor.current?.destroy();
      handle.current = null;
    };
  }, []);
  useLayoutEffect(() => {
    if (state === 'there' && caret.current !== null) editor.current!.show(caret.current, caret.current);
  }, [state]);
  useEffect(() => { editor.current?.recheck(); }, [marks]);

  return (
    <div class="play-code">
      <div ref={host} class="play-editor" hidden={state !== 'there'} />
      {state !== 'there' && (
        <textarea ref={area} class="play-area" aria-label={label} spellcheck={false} defaultValue={text}
          onInput={(event) => { now.current = event.currentTarget.value; onChange(event.currentTarget.value); }}
          onKeyDown={(event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); onRun(); } }} />)}
      {state === 'failed' && <p class="warn">The editor could not be loaded, so this is a plain field: the server may have been updated, or is out of reach.</p>}
    </div>);
}
