// The columns of the list, and what their cells show.
import type { VNode } from 'preact';
import type { Row } from '../../api/executions';
import { RECORDED_FIELDS } from '../../api/schema';
import type { Column } from '../../parts/grid';
import { Status } from '../../parts/status';
import { count, duration, longTime, percent, score, shortTime } from '../../state/format';

export const TITLES: Record<string, string> = {
  timestamp: 'Started', status: 'Status', duration_ms: 'Took', total_returned: 'Found', query_summary: 'Query', stages: 'Stages', credits_used: 'Credits',
  collection_ids: 'Collections', cache_hit_rate: 'Cached', total_processed: 'Scanned', execution_id: 'Id', execution_mode: 'Mode', stages_completed: 'Stages done',
  total_stages: 'Stages in all', error: 'Error', failed_stage: 'Failed in', caller_key_id: 'Key',
};
export const titleOf = (name: string): string =>
  TITLES[name] ?? (name.includes('.') ? name : name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' '));

/** Columns that a list has by itself; all others cost the read of a record for each row. */
export const ROW_FIELDS: string[] = RECORDED_FIELDS.filter(({ kept }) => kept === 'row').map(({ name }) => name);
export const RECORD_FIELDS: string[] = RECORDED_FIELDS.filter(({ kept, name }) => kept !== 'row' && name !== 'stages' && name !== 'namespace_id').map(({ name }) => name);

/** `fields` of the list's body for these columns; null where the rows have them all. */
export function fieldsOf(columns: readonly string[]): string[] | null {
  const more = columns.filter((name) => name !== 'stages' && !ROW_FIELDS.includes(name)).map((name) => (name.startsWith('labels.') ? 'labels' : name.startsWith('inputs.') ? 'inputs' : name));
  return more.length === 0 ? null : [...ROW_FIELDS, ...new Set(more)];
}

function valueOf(row: Row, name: string): unknown {
  if (name.startsWith('labels.')) return (row.labels as Record<string, string> | undefined)?.[name.slice(7)];
  if (name.startsWith('inputs.')) {
    try {
      return name.slice(7).split('.').reduce<unknown>((at, part) => (at as Record<string, unknown> | null)?.[part], JSON.parse(String(row.inputs)));
    } catch {
      return undefined;
    }
  }
  return row[name];
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '–';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

const WIDTHS: Record<string, string> = {
  timestamp: '9.5rem', status: '7.5rem', duration_ms: '6rem', total_returned: '5.5rem', query_summary: 'minmax(10rem, 1fr)', stages: '5rem', credits_used: '6rem',
  collection_ids: '10rem', cache_hit_rate: '6rem', total_processed: '6.5rem', execution_id: '17rem', execution_mode: '6rem', error: 'minmax(12rem, 1fr)', failed_stage: '8rem',
};
const NARROW: Record<string, string> = { status: '1.9rem', query_summary: 'minmax(7.3rem, 1fr)', duration_ms: '5.1rem', total_returned: '4.3rem', timestamp: '8.5rem' };
const NUMBERS = new Set<string>([...RECORDED_FIELDS.filter(({ kind }) => kind === 'amount' || kind === 'count' || kind === 'rate').map(({ name }) => name), 'stages']);
// Values that can be filtered by, as state/pick.ts says.
const PICKED = new Set<string>(RECORDED_FIELDS.map(({ name }) => name).filter((name) =>
  !['execution_id', 'total_processed', 'stages_completed', 'total_stages', 'inputs', 'pipeline', 'stages', 'results', 'collection_versions', 'labels', 'namespace_id', 'retriever_revision', 'queue_wait_ms'].includes(name)));
const SORTED: readonly string[] = ['timestamp', 'duration_ms', 'credits_used', 'total_returned'];

export interface ColumnContext {
  sort: string;
  onSort: (sort: string) => void;
  nameOf: (collection: string) => string;
  onPick: (name: string, value: unknown, exclude: boolean) => void;
  isNarrow: boolean;
  marked: string | null;
  now: number; // For what still runs.
}

export function columnsOf(names: readonly string[], context: ColumnContext): Column<Row>[] {
  const { sort, onSort, isNarrow } = context;
  // Where there is little room, what one tells rows apart by comes first.
  const first = ['status', 'query_summary', 'duration_ms', 'total_returned', 'timestamp'];
  const place = (name: string) => (first.indexOf(name) + 1 || first.length + 1);
  const ordered = isNarrow ? [...names].sort((a, b) => place(a) - place(b)) : names;
  return ordered.map((name) => {
    const column: Column<Row> = {
      name, title: titleOf(name), width: (isNarrow ? NARROW[name] : undefined) ?? WIDTHS[name] ?? '9rem',
      cell: (row) => shown(name, row, valueOf(row, name), context),
    };
    if (PICKED.has(name) || name.startsWith('labels.')) column.over = (row) => <Pick name={name} row={row} onPick={context.onPick} />;
    if (NUMBERS.has(name)) column.align = 'end';
    if (isNarrow && name === 'status') column.title = <span class="off-screen">Status</span>;
    if (SORTED.includes(name)) {
      const isOwn = sort.replace(/^\+/, '') === name;
      column.sort = isOwn ? (sort.startsWith('+') ? 'ascending' : 'descending') : 'none';
      column.onSort = () => onSort(isOwn && !sort.startsWith('+') ? `+${name}` : name);
    }
    return column;
  });
}

// For the pointer alone: the keyboard finds the same values in the run beside the list.
function Pick({ name, row, onPick }: { name: string; row: Row; onPick: ColumnContext['onPick'] }): VNode | null {
  const value = valueOf(row, name);
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (first === null || first === undefined || first === '') return null;
  return (
    <button type="button" class="cell-pick" tabIndex={-1} aria-hidden="true" title={`Filter by this\nwith Alt: by all but this`}
      onClick={(event) => onPick(name, first, event.altKey)}>⊕</button>);
}

function shown(name: string, row: Row, value: unknown, context: ColumnContext): VNode | string {
  switch (name) {
    case 'timestamp': return <time dateTime={row.timestamp} title={longTime(row.timestamp)}>{row.execution_id === context.marked && <span title="Marked for a comparison">◆ </span>}{shortTime(row.timestamp)}</time>;
    case 'status': return <Status row={row} />;
    case 'duration_ms': return row.status === 'processing' ? duration(Math.max(0, context.now - Date.parse(row.timestamp))) : duration(row.duration_ms);
    case 'total_returned': case 'total_processed': return count(Number(value ?? 0));
    case 'stages': return `${row.stages_completed}/${row.total_stages}`;
    case 'credits_used': return score(row.credits_used);
    case 'cache_hit_rate': return percent(row.cache_hit_rate);
    case 'query_summary': return <bdi>{row.query_summary ?? '–'}</bdi>;
    case 'collection_ids': return <bdi>{(row.collection_ids ?? []).map(context.nameOf).join(', ') || '–'}</bdi>;
    default: {
      const text = textOf(value);
      return <bdi title={text}>{text}</bdi>;
    }
  }
}
