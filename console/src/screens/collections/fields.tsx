// The fields of a collection's documents: which are shown as columns, and what each holds most often.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { distinctValues } from '../../api/collections';
import { ErrorBox, Skeleton } from '../../parts/states';
import type { Condition } from '../../state/conditions';
import { cellText, type Field } from '../../state/fields';
import { count } from '../../state/format';
import { useLoad } from '../../state/load';
import { go, withParams } from '../../state/route';

const TOP = 12;

export function Fields({ collection, fields, columns, filters, isSearch, open, onColumns, onPick }: {
  collection: string;
  fields: Field[];
  columns: string[];
  filters: Record<string, unknown> | null;
  isSearch: boolean; // Words narrow the rows, and not these values.
  open: string | null; // The field whose values are shown.
  onColumns: (columns: string[]) => void;
  onPick: (condition: Condition) => void;
}): VNode {
  const [isShown, show] = useState(() => matchMedia('(min-width: 1000px)').matches || open !== null);
  const [typed, setTyped] = useState('');
  const wanted = typed.trim().toLowerCase();
  const known = new Set(fields.map(({ path }) => path));
  const others = [...new Set([...columns, ...(open === null ? [] : [open])])].filter((path) => !known.has(path));
  const all = [...fields.map(({ path, type, isList }) => ({ path, says: `${type}${isList ? ', many' : ''}` })), ...others.map((path) => ({ path, says: '' }))];
  const shown = all.filter(({ path }) => path.toLowerCase().includes(wanted));
  const toggle = (path: string) => onColumns(columns.includes(path) ? columns.filter((one) => one !== path) : [...columns, path]);
  return (
    <details class="fields" open={isShown} onToggle={(event) => show(event.currentTarget.open)}>
      <summary>Fields</summary>
      <input type="search" aria-label="Find a field" placeholder="Find a field" value={typed} spellcheck={false} onInput={(event) => setTyped(event.currentTarget.value)} />
      <ul>
        {shown.map(({ path, says }) => (
          <li key={path}>
            <div class="field-head">
              <input type="checkbox" aria-label={`Show ${path} as a column`} title="Show as a column" checked={columns.includes(path)} onChange={() => toggle(path)} />
              <button type="button" class="plain" aria-expanded={open === path} title="The most frequent values"
                onClick={() => go(withParams({ field: open === path ? null : path }), 'replace')}>
                <span aria-hidden="true">{open === path ? '▾' : '▸'}</span> <bdi>{path}</bdi> <span class="soft">{says}</span>
              </button>
            </div>
            {open === path && <Values collection={collection} field={path} filters={filters} isSearch={isSearch} onPick={onPick} />}
          </li>))}
      </ul>
      {wanted !== '' && !all.some(({ path }) => path === typed.trim()) && (
        <button type="button" class="other" onClick={() => go(withParams({ field: typed.trim() }), 'replace')}>Values of “<bdi>{typed.trim()}</bdi>”</button>)}
      {fields.length > 0 && <p class="soft">As the first documents have them; others are found by name.</p>}
    </details>);
}

function Values({ collection, field, filters, isSearch, onPick }: {
  collection: string; field: string; filters: Record<string, unknown> | null; isSearch: boolean; onPick: (condition: Condition) => void;
}): VNode {
  const values = useLoad(JSON.stringify([collection, field, filters]), (signal) =>
    distinctValues(collection, { field, limit: TOP, ...(filters ? { filters } : {}) }, signal));
  if (values.error) return <ErrorBox error={values.error} onRetry={values.reload} />;
  if (!values.data) return <Skeleton lines={4} label={`Loading the values of ${field}`} />;
  const most = Math.max(1, ...values.data.values.map((one) => one.count));
  const total = values.data.query_info.distinct_count;
  return (
    <div class={values.isOld ? 'values is-old' : 'values'}>
      {values.data.values.length === 0 && <p class="soft">No document has it.</p>}
      <ol>
        {values.data.values.map(({ value, count: documents }) => (
          <li key={JSON.stringify(value)}>
            <button type="button" class="plain" title="Only these; with Alt: all but these"
              onClick={(event) => onPick({ field, operator: value === null ? 'is_null' : 'eq', value: value === null ? undefined : value, not: event.altKey })}>
              <bdi>{value === null ? 'null' : cellText(value, 80) || '""'}</bdi>
            </button>
            <span class="soft">{count(documents)}</span>
            <div class="share" aria-hidden="true" style={{ width: `${(100 * documents) / most}%` }} />
          </li>))}
      </ol>
      {total > values.data.values.length && <p class="soft">{count(total - values.data.values.length)} more</p>}
      {isSearch && <p class="soft">Counted by the filters alone, whatever the words.</p>}
    </div>);
}
