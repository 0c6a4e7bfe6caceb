// Where two JSON texts differ, by path.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { JsonChanges } from '../../api/schema';
import { stringifyExact } from '../../state/json_exact';

const LONG = 160; // Characters of a value that are shown before "more".

function Value({ value }: { value: unknown }): VNode {
  const [isOpen, setOpen] = useState(false);
  if (value === undefined) return <span class="soft">not there</span>;
  const text = stringifyExact(value) ?? String(value);
  if (text.length <= LONG) return <code><bdi>{text}</bdi></code>;
  return (
    <div>
      {isOpen ? <pre class="compare-value"><bdi>{stringifyExact(value, 2)}</bdi></pre> : <code><bdi>{text.slice(0, LONG)}…</bdi></code>}
      {' '}<button type="button" class="plain link" onClick={() => setOpen(!isOpen)}>{isOpen ? 'less' : 'more'}</button>
    </div>);
}

/** `nameOf` says which part a path is in, where it knows. */
export function Changes({ changes, what, nameOf }: { changes: JsonChanges; what: string; nameOf?: (path: string) => string | null }): VNode {
  if (changes === null) return <p class="warn">Whether the {what} differ cannot be said: they were not recorded, or not as they were sent.</p>;
  if (changes.length === 0) return <p class="soft">The {what} are the same.</p>;
  return (
    <div class="compare-table" tabIndex={0} role="region" aria-label={`Differences of the ${what}`}>
      <table class="compare-changes">
        <thead><tr><th scope="col">Where</th><th scope="col">A</th><th scope="col">B</th></tr></thead>
        <tbody>
          {changes.map((change) => (
            <tr key={change.path}>
              <th scope="row"><code><bdi>{change.path || '/'}</bdi></code>{nameOf?.(change.path) && <div class="soft">in <bdi>{nameOf(change.path)}</bdi></div>}</th>
              <td><Value value={change.before} /></td>
              <td><Value value={change.after} /></td>
            </tr>))}
        </tbody>
      </table>
    </div>);
}
