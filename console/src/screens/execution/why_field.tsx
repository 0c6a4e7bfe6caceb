// "Why is … missing?": a document's id leads to the answer.
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useShortcuts } from '../../state/keyboard';
import { go, route } from '../../state/route';
import { collectionName } from '../../state/collections';
import { whyOf } from './places';

export function WhyField({ id, collections, initial = '' }: { id: string; collections: readonly string[]; initial?: string }): VNode | null {
  const [document, setDocument] = useState(initial);
  const [chosen, choose] = useState(collections[0] ?? '');
  const field = useRef<HTMLInputElement>(null);
  // Of a document that is open, the key asks about that one.
  useShortcuts([{ keys: 'w', says: 'Why is a document missing?', run: () => {
    if (!field.current || route.value.params.get('doc')) return false;
    field.current.focus();
    return true;
  } }]);
  if (collections.length === 0) return null;
  const ask = (event: Event) => {
    event.preventDefault();
    const wanted = document.trim();
    if (wanted) go(whyOf(id, collections.includes(chosen) ? chosen : collections[0]!, wanted));
  };
  return (
    <form class="line why-field" onSubmit={ask}>
      <label>Why is <input ref={field} value={document} onInput={(event) => setDocument(event.currentTarget.value)} placeholder="a document's id"
        autocomplete="off" spellcheck={false} /> missing?</label>
      {collections.length > 1 && (
        <label>in <select value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
          {collections.map((one) => <option key={one} value={one}>{collectionName(one)}</option>)}
        </select></label>)}
      <button type="submit">Ask</button>
    </form>);
}
