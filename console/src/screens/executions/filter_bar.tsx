// The field one filters with: words stay in it, conditions become tokens beside it.
import type { VNode } from 'preact';
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../../api/client';
import type { Offer } from '../../state/complete';
import { useShortcuts } from '../../state/keyboard';
import { queryText, tokenAt, tokensOf, withoutToken, type Conditions, type Token } from '../../state/list_filter';
import type { Problem } from '../../state/list_written';
import { useLoad } from '../../state/load';

const isToken = ({ key }: Token) => key !== 'query' && key !== 'start_time' && key !== 'end_time';

// What reads and completes what one types, loaded when one begins.
const loadTools = async () => ({ ...(await import('../../state/complete')), ...(await import('../../state/list_written')) });
type Tools = Awaited<ReturnType<typeof loadTools>>;

/** What the server says of conditions, by their tokens. */
export function marksOf(error: ApiError | null, conditions: Conditions): Map<string, string> {
  if (error?.status !== 422 && error?.status !== 404) return new Map();
  const said = error.invalid.length > 0 ? error.invalid : [{ location: String(error.details.location ?? ''), message: error.message }];
  return new Map(said.flatMap((one) => {
    const id = tokenAt(conditions, one.location);
    return id === null ? [] : [[id, one.message] as [string, string]];
  }));
}

export function FilterBar({ conditions, error, nameOf, onChange, onAdvanced }: {
  conditions: Conditions;
  error: ApiError | null; // What of it is about a condition is shown at its token.
  nameOf: (collection: string) => string;
  onChange: (conditions: Conditions) => void;
  onAdvanced: () => void;
}): VNode {
  const resting = queryText(conditions.query);
  const [tools, setTools] = useState<Tools | null>(null);
  const need = async () => {
    const loaded = tools ?? await loadTools();
    setTools(loaded);
    return loaded;
  };
  const [text, setText] = useState(resting);
  const [edited, setEdited] = useState<Token | null>(null);
  const [problems, setProblems] = useState<Problem[]>([]);
  const [caret, setCaret] = useState(resting.length);
  const [isOpen, setOpen] = useState(false);
  const [chosen, choose] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  const list = useId();

  const rest = (value = resting) => {
    setText(value);
    setEdited(null);
    setProblems([]);
    setOpen(false);
    choose(-1);
  };
  useEffect(() => rest(resting), [resting]);

  const tokens = tokensOf(conditions).filter(isToken);
  const marks = marksOf(error, conditions);

  const apply = async (value = text) => {
    const { applied } = await need();
    const { conditions: next, problems: wrong } = applied(conditions, value, edited?.id ?? null);
    setProblems(wrong);
    setOpen(false);
    if (wrong.length > 0) return;
    // The field keeps the words, and the rest becomes tokens.
    rest(queryText(next.query));
    onChange(next);
  };
  const edit = async (token: Token) => {
    const { writtenToken } = await need();
    const next = `${resting ? `${resting} ` : ''}${writtenToken(conditions, token.id)}`;
    setEdited(token);
    setText(next);
    setCaret(next.length);
    setProblems([]);
    setTimeout(() => {
      field.current?.focus();
      field.current?.setSelectionRange(next.length, next.length);
    });
  };

  const fragment = useMemo(() => (isOpen && tools ? tools.fragmentAt(text, caret) : null), [isOpen, tools, text, caret]);
  const range: Conditions = {};
  if (conditions.start_time !== undefined) range.start_time = conditions.start_time;
  if (conditions.end_time !== undefined) range.end_time = conditions.end_time;
  const labels = useLoad(fragment?.kind === 'key' ? JSON.stringify(range) : null, (signal) => tools!.labelNames(range, signal));
  const valueKey = fragment?.kind === 'value' && tools!.groupOf(fragment.key) !== null ? fragment.key : null;
  const values = useLoad(valueKey === null ? null : JSON.stringify([valueKey, range]), (signal) => tools!.valueOffers(valueKey!, range, nameOf, signal));
  const offers: Offer[] = fragment === null ? [] : [
    ...tools!.fixedOffers(fragment, labels.data ?? []),
    ...(valueKey !== null && !values.isOld ? (values.data ?? []).filter((one) => one.text.toLowerCase().includes(fragment.typed.toLowerCase())) : []),
  ].slice(0, 50);
  const take = (offer: Offer) => {
    const { from, to } = fragment!;
    const next = text.slice(0, from) + offer.text + text.slice(to);
    const at = from + offer.text.length;
    setText(next);
    setCaret(at);
    choose(-1);
    if (offer.isValue && to >= text.trimEnd().length) void apply(next);
    else {
      setOpen(true);
      setTimeout(() => field.current?.setSelectionRange(at, at));
    }
  };

  const follow = () => setCaret(field.current!.selectionStart ?? 0);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return; // Enter chooses a word of an input method.
    const { selectionStart, selectionEnd } = field.current!;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (!isOpen) setOpen(true);
      else if (offers.length > 0) {
        const to = chosen + (event.key === 'ArrowDown' ? 1 : -1);
        choose(to < -1 ? offers.length - 1 : to >= offers.length ? -1 : to);
      }
    } else if (event.key === 'Enter') {
      if (isOpen && offers[chosen]) take(offers[chosen]);
      else void apply();
    } else if (event.key === 'Tab' && isOpen && offers[chosen]) take(offers[chosen]);
    else if (event.key === 'Escape') {
      if (isOpen && offers.length > 0) setOpen(false);
      else if (text !== resting || edited) rest();
      else field.current!.blur();
    } else if (event.key === 'Backspace' && selectionStart === 0 && selectionEnd === 0 && tokens.length > 0 && !edited) {
      onChange(withoutToken(conditions, tokens[tokens.length - 1]!.id));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  useShortcuts([{ keys: '/', says: 'Filter: words, or conditions such as status:failed', run: () => field.current!.select() }]);
  const isShown = isOpen && offers.length > 0;
  const wrong = problems.map(({ text: part, message }) => ({ id: part, part, message }));
  return (
    <div class="filter-bar">
      <div class="filter-field">
        <input ref={field} value={text} spellcheck={false} autocomplete="off" autocapitalize="off" enterkeyhint="search" maxLength={20_000}
          placeholder='words "phrases" prefix* status:failed took:>=500ms team=search'
          aria-label="Filter: words of the query, or conditions such as status:failed" role="combobox" aria-expanded={isShown} aria-controls={list} aria-autocomplete="list"
          aria-activedescendant={isShown && chosen >= 0 ? `${list}-${chosen}` : undefined} aria-invalid={wrong.length > 0 || marks.has('query')} aria-keyshortcuts="/"
          onInput={(event) => { setText(event.currentTarget.value); follow(); setOpen(true); choose(-1); setProblems([]); }}
          onFocus={() => void need()} onKeyUp={follow} onClick={follow} onKeyDown={onKeyDown} onBlur={() => setOpen(false)} />
        {text !== resting && <button type="button" class="filter-apply" onClick={() => void apply()} title="Apply">Enter <span aria-hidden="true">↵</span></button>}
        <ul class="offers" role="listbox" id={list} aria-label="Completions" hidden={!isShown}>
          {offers.map((offer, i) => (
            <li role="option" id={`${list}-${i}`} key={offer.text} aria-selected={i === chosen}
              onPointerDown={(event) => { event.preventDefault(); take(offer); }}>
              <bdi>{offer.text}</bdi> <span class="soft">{offer.hint}</span>
            </li>))}
        </ul>
      </div>
      {tokens.length > 0 && (
        <ul class="tokens" aria-label="Conditions">
          {tokens.map((token) => (
            <li key={token.id} class={`token${marks.has(token.id) ? ' is-invalid' : ''}${edited?.id === token.id ? ' is-edited' : ''}`}>
              <button type="button" class="plain" title="Change" onClick={() => void edit(token)}>
                {marks.has(token.id) && <span aria-hidden="true">⚠ </span>}<bdi>{token.label}</bdi>
              </button>
              <button type="button" class="plain token-remove" aria-label={`Remove ${token.label}`} title="Remove"
                onClick={() => { onChange(withoutToken(conditions, token.id)); field.current!.focus(); }}>×</button>
            </li>))}
        </ul>)}
      <button type="button" class="quiet" title="Filters as JSON: AND, OR, NOT over every field" onClick={onAdvanced}>Advanced</button>
      {(wrong.length > 0 || marks.size > 0) && (
        <ul class="filter-problems" role="alert">
          {wrong.map(({ id, part, message }) => <li key={id}><code><bdi>{part}</bdi></code> {message}</li>)}
          {[...marks].map(([id, message]) => <li key={id}>{message}</li>)}
        </ul>)}
    </div>);
}
