// Which documents: words, conditions on fields as tokens, or a filter as JSON.
import type { RefObject, VNode } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../../api/client';
import { Dialog } from '../../parts/dialog';
import { useFocus } from '../../parts/focus';
import { conditionsOf, filterOf, OPERATORS, takesValue, valueOf, withCondition, written, type Operator } from '../../state/conditions';
import { cellText, type Field } from '../../state/fields';
import { go, withParams } from '../../state/route';
import type { Query } from './collection';

const filtersParam = (filters: Record<string, unknown> | null) => ({ filters: filters === null ? null : JSON.stringify(filters) });

export function SearchBar({ input, query, fields, invalid }: {
  input: RefObject<HTMLInputElement | null>; query: Query; fields: Field[]; invalid: ApiError | null;
}): VNode {
  const [form, setForm] = useState<'condition' | 'json' | null>(null);
  const conditions = conditionsOf(query.filters);
  const add = useRef<HTMLButtonElement>(null);
  const closeForm = () => {
    setForm(null);
    add.current?.focus();
  };
  const isFilterInvalid = invalid?.invalid.some(({ location }) => location.startsWith('filters')) ?? false;
  return (
    <search class="stack">
      <div class="line">
        <Words input={input} search={query.search} isInvalid={invalid?.invalid.some(({ location }) => location === 'search') ?? false} />
        <button type="button" ref={add} aria-expanded={form === 'condition'} onClick={() => setForm(form === 'condition' ? null : 'condition')}>+ Filter</button>
        <button type="button" onClick={() => setForm('json')}>Advanced</button>
      </div>
      {(conditions === null || conditions.length > 0) && (
        <ul class="tokens" aria-label="Filters">
          {conditions === null ? (
            <Token text={cellText(query.filters)} isInvalid={isFilterInvalid} onEdit={() => setForm('json')} onRemove={() => go(withParams({ filters: null }))} />)
            : conditions.map((condition, i) => (
              <Token key={written(condition)} text={written(condition)} isInvalid={isFilterInvalid && conditions.length === 1}
                onRemove={() => go(withParams(filtersParam(filterOf(conditions.filter((_, j) => j !== i)))))} />))}
        </ul>)}
      {form === 'condition' && <ConditionForm fields={fields} query={query} onClose={closeForm} />}
      {form === 'json' && <FilterJson filters={query.filters} onClose={() => setForm(null)} />}
    </search>);
}

// The words are asked for as they are typed; one entry of the browser's history holds them all.
function Words({ input, search, isInvalid }: { input: RefObject<HTMLInputElement | null>; search: string; isInvalid: boolean }): VNode {
  const [typed, setTyped] = useState(search);
  const timer = useRef(0);
  const pushed = useRef(false);
  useEffect(() => setTyped(search), [search]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const ask = (words: string) => {
    clearTimeout(timer.current);
    if (words.trim() === search) return;
    go(withParams({ search: words.trim() || null }), pushed.current ? 'replace' : 'push');
    pushed.current = true;
  };
  return (
    <input type="search" class="words" ref={input} value={typed} aria-label="Search words" aria-invalid={isInvalid} spellcheck={false}
      placeholder="Search words" maxLength={10000}
      onInput={(event) => {
        const words = event.currentTarget.value;
        setTyped(words);
        clearTimeout(timer.current);
        timer.current = window.setTimeout(() => ask(words), 250);
      }}
      onKeyDown={(event) => { if (event.key === 'Enter') ask(typed); }}
      onBlur={() => { pushed.current = false; }} />);
}

function Token({ text, isInvalid, onEdit, onRemove }: { text: string; isInvalid: boolean; onEdit?: () => void; onRemove: () => void }): VNode {
  return (
    <li class={`token${isInvalid ? ' is-invalid' : ''}`}>
      {onEdit ? <button type="button" class="plain" onClick={onEdit}><bdi>{text}</bdi></button> : <bdi>{text}</bdi>}
      <button type="button" class="plain token-remove" aria-label={`Remove the filter ${text}`} onClick={onRemove}>×</button>
    </li>);
}

function ConditionForm({ fields, query, onClose }: { fields: Field[]; query: Query; onClose: () => void }): VNode {
  const [field, setField] = useState('');
  const [operator, setOperator] = useState<Operator>('eq');
  const [value, setValue] = useState('');
  const list = useId();
  const first = useFocus<HTMLInputElement>();
  const type = fields.find(({ path }) => path === field.trim())?.type;
  const submit = (event: Event) => {
    event.preventDefault();
    const condition = { field: field.trim(), operator, value: takesValue(operator) ? valueOf(value, operator, type) : undefined, not: false };
    go(withParams(filtersParam(withCondition(query.filters, condition))));
    onClose();
  };
  return (
    <form class="condition" onSubmit={submit} onKeyDown={(event) => { if (event.key === 'Escape') { event.stopPropagation(); onClose(); } }}>
      <label class="field">Field
        <input ref={first} value={field} list={list} required autocomplete="off" spellcheck={false} onInput={(event) => setField(event.currentTarget.value)} />
      </label>
      <datalist id={list}>
        {[...fields.map(({ path }) => path), 'document_id', '_internal.created_at', '_internal.updated_at'].map((path) => <option key={path} value={path} />)}
      </datalist>
      <label class="field">Condition
        <select value={operator} onChange={(event) => setOperator(event.currentTarget.value as Operator)}>
          {Object.entries(OPERATORS).map(([name, says]) => <option key={name} value={name}>{says}</option>)}
        </select>
      </label>
      {takesValue(operator) && (
        <label class="field">Value{operator === 'in' || operator === 'nin' ? 's, by commas' : ''}
          <input value={value} autocomplete="off" spellcheck={false} onInput={(event) => setValue(event.currentTarget.value)}
            placeholder={type === 'number' ? '1850' : type === 'boolean' ? 'true' : ''} />
        </label>)}
      <div class="line">
        <button type="submit" class="primary">Add</button>
        <button type="button" onClick={onClose}>Cancel</button>
      </div>
    </form>);
}

function FilterJson({ filters, onClose }: { filters: Record<string, unknown> | null; onClose: () => void }): VNode {
  const [text, setText] = useState(filters === null ? '' : JSON.stringify(filters, null, 2));
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    try {
      const read: unknown = text.trim() === '' ? null : JSON.parse(text);
      if (read !== null && (typeof read !== 'object' || Array.isArray(read))) throw new Error('A filter is an object, {…}.');
      go(withParams(filtersParam(read as Record<string, unknown> | null)));
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Dialog title="Filter as JSON" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <p class="soft">Conditions may be joined by <code>AND</code>, <code>OR</code> and <code>NOT</code>, to any depth:{' '}
          <code>{'{"OR": [{"field": "year", "operator": "gte", "value": 1850}, {"field": "author", "operator": "exists"}]}'}</code></p>
        <label class="field">Filter
          <textarea class="mono" rows={12} value={text} spellcheck={false} autofocus onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        {problem && <p class="bad" role="alert">{problem}</p>}
        <div class="actions">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary">Apply</button>
        </div>
      </form>
    </Dialog>);
}
