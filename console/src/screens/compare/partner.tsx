// What an execution is compared with.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { BEFORE_OF_INPUTS, BEFORE_OF_SHAPE } from '../../state/partner';
import { go, href, route } from '../../state/route';

/** Asks for the second of two, or for both where there is none. */
export function PartnerForm({ a, autofocus }: { a: string | null; autofocus?: boolean }): VNode {
  const { namespace } = route.value;
  const [first, setFirst] = useState(a ?? '');
  const [second, setSecond] = useState('');
  const to = (b: string) => href(namespace, 'compare', [first.trim() || 'latest', b]);
  return (
    <form class="stack compare-partner" onSubmit={(event) => { event.preventDefault(); go(to(second.trim() || 'latest')); }}>
      {a === null && (
        <label class="field">First execution
          <input value={first} onInput={(event) => setFirst(event.currentTarget.value)} placeholder="exec_… or latest" spellcheck={false} autocomplete="off" autofocus={autofocus} />
        </label>)}
      <p>Compare it with</p>
      <div class="line">
        <a class="button" href={to(BEFORE_OF_SHAPE)}>the one before of this shape</a>
        <a class="button" href={to(BEFORE_OF_INPUTS)}>the one before with these inputs</a>
        <a class="button" href={to('latest')}>the latest</a>
      </div>
      <div class="line">
        <label class="field">or another one
          <input value={second} onInput={(event) => setSecond(event.currentTarget.value)} placeholder="exec_… or latest~2" spellcheck={false} autocomplete="off" autofocus={autofocus && a !== null} />
        </label>
        <button type="submit" class="primary compare-go">Compare</button>
      </div>
      <p class="soft">In the list, <kbd>c</kbd> marks an execution, and <kbd>c</kbd> on another one compares the two.</p>
    </form>);
}
