// Which columns the list has.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from '../../parts/dialog';
import { DEFAULT_COLUMNS, goColumns, isColumn } from '../../state/list_place';
import { RECORD_FIELDS, ROW_FIELDS, titleOf } from './columns';

const OF_ROWS = ['timestamp', 'status', 'duration_ms', 'total_returned', 'query_summary', 'stages', ...ROW_FIELDS];

export function ChooseColumns({ columns: given, onClose }: { columns: string[]; onClose: () => void }): VNode {
  const [columns, setColumns] = useState(given);
  const [path, setPath] = useState('');
  const [wrong, setWrong] = useState('');
  const toggle = (name: string) => setColumns((before) => (before.includes(name) ? before.filter((one) => one !== name) : [...before, name]));
  const move = (name: string, by: number) => setColumns((before) => {
    const at = before.indexOf(name);
    const next = [...before];
    next.splice(at, 1);
    next.splice(Math.max(0, at + by), 0, name);
    return next;
  });
  const choice = (name: string) => (
    <label class="check-field" key={name}>
      <input type="checkbox" checked={columns.includes(name)} onChange={() => toggle(name)} /> {titleOf(name)}
    </label>);
  const add = (event: Event) => {
    event.preventDefault();
    const name = path.trim();
    if (!isColumn(name)) {
      setWrong('Write labels.NAME for a label, or inputs.PATH for an input.');
      return;
    }
    setWrong('');
    setPath('');
    setColumns((before) => (before.includes(name) ? before : [...before, name]));
  };
  return (
    <Dialog title="Columns" onClose={onClose} wide>
      <div class="stack">
        <ol class="column-order" aria-label="Order of the columns">
          {columns.map((name, i) => (
            <li key={name}>
              <button type="button" class="icon" aria-label={`${titleOf(name)}: further left`} disabled={i === 0} onClick={() => move(name, -1)}>‹</button>
              <bdi>{titleOf(name)}</bdi>
              <button type="button" class="icon" aria-label={`${titleOf(name)}: further right`} disabled={i === columns.length - 1} onClick={() => move(name, 1)}>›</button>
              <button type="button" class="icon" aria-label={`Remove ${titleOf(name)}`} disabled={columns.length === 1} onClick={() => toggle(name)}>×</button>
            </li>))}
        </ol>
        <fieldset><legend>In every row</legend><div class="column-choices">{[...new Set(OF_ROWS)].map(choice)}</div></fieldset>
        <fieldset>
          <legend>In the records</legend>
          <p class="soft">Each of these makes the server read one record a row, so pages take longer.</p>
          <div class="column-choices">{RECORD_FIELDS.map(choice)}</div>
          <form class="line" onSubmit={add}>
            <label>One label or input <input value={path} onInput={(event) => setPath(event.currentTarget.value)} placeholder="labels.team" spellcheck={false} aria-invalid={wrong !== ''} /></label>
            <button type="submit">Add</button>
            {wrong && <span class="bad" role="alert">{wrong}</span>}
          </form>
        </fieldset>
        <div class="actions">
          <button type="button" onClick={() => setColumns(DEFAULT_COLUMNS)}>As they were at first</button>
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="button" class="primary" onClick={() => { onClose(); goColumns(columns); }}>Show</button>
        </div>
      </div>
    </Dialog>);
}
