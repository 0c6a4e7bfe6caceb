// What of the list stands in the address, and how it is changed. The range of time that was chosen
// last holds for a namespace until an address says another.
import { RECORDED_FIELDS, SORTS } from '../api/schema';
import { store, stored } from './preferences';
import { conditionsOf, KEYS, listParams, type Conditions } from './list_filter';
import { relativeMs } from './range';
import { go, href, route } from './route';

export interface ListPlace {
  conditions: Conditions;
  sort: string; // "timestamp"; "+duration_ms" is least first.
  columns: string[];
  open: string | null; // The execution in the pane.
  isLive: boolean;
  marked: string | null; // The execution that is marked for a comparison.
  ignored: string[]; // What of the address was not understood.
  missing: Record<string, string>; // What holds by default, or by the last choice, and has to be said in the address.
}

const FIELDS = new Set<string>(RECORDED_FIELDS.map(({ name }) => name));
export const DEFAULT_COLUMNS = ['timestamp', 'status', 'duration_ms', 'total_returned', 'query_summary', 'stages'];
const OTHERS = ['sort', 'cols', 'open', 'tab', 'stage', 'doc', 'find', 'show', 'order', 'found_by', 'live', 'compare', 'chart', 'differs'];

export const isColumn = (name: string): boolean => name === 'stages' || FIELDS.has(name) || /^(labels|inputs)\../.test(name);
export const isSort = (sort: string): boolean => (SORTS as readonly string[]).includes(sort.replace(/^[+-]/, ''));

const rangeName = (namespace: string) => `trawl.range.${namespace}`;

export function readPlace(params: URLSearchParams, namespace: string): ListPlace {
  const { conditions, ignored } = conditionsOf(params);
  const saysRange = params.has('start_time') || params.has('end_time');
  if (!saysRange) {
    const last = stored<string>(rangeName(namespace), '-24h');
    if (last !== '') conditions.start_time = relativeMs(last) === null ? '-24h' : last;
  }
  for (const name of new Set(params.keys())) {
    if (!KEYS.includes(name as never) && !OTHERS.includes(name) && !/^labels\../.test(name)) ignored.push(`${name} is no condition of the list, and was left out.`);
  }
  let sort = params.get('sort') ?? 'timestamp';
  if (!isSort(sort)) {
    ignored.push(`The list cannot be sorted by ${sort}; it is sorted by time.`);
    sort = 'timestamp';
  }
  const wanted = params.get('cols')?.split(',').filter(Boolean) ?? stored<string[]>('trawl.columns', DEFAULT_COLUMNS);
  const columns = [...new Set(wanted)].filter((name) => typeof name === 'string' && isColumn(name));
  for (const name of wanted) if (!isColumn(name)) ignored.push(`There is no column ${name}.`);
  const shown = columns.length > 0 ? columns : DEFAULT_COLUMNS;
  const missing: Record<string, string> = saysRange ? {} : { start_time: String(conditions.start_time ?? '') };
  if (!params.has('cols') && shown.join() !== DEFAULT_COLUMNS.join()) missing.cols = shown.join();
  return {
    conditions, sort: sort.replace(/^-/, ''), columns: shown, open: params.get('open'), isLive: params.get('live') === '1',
    marked: params.get('compare'), ignored, missing,
  };
}

/** The address of the list with other conditions; sort, columns and the open run stay. */
export function listHref(conditions: Conditions, changes: Record<string, string | null> = {}): string {
  const { namespace, params } = route.value;
  const next = listParams(conditions);
  for (const name of OTHERS) {
    const value = params.get(name);
    if (value !== null) next.set(name, value);
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  return href(namespace, 'executions', [], next);
}

export function goFilter(conditions: Conditions): void {
  go(listHref(conditions));
}

/** A relative range is what addresses mean that say none, from now on. */
export function rememberRange(namespace: string, { start_time: start, end_time: end }: Conditions): void {
  if (end === undefined && (start === undefined || relativeMs(start) !== null)) store(rangeName(namespace), start ?? '');
}

/** Goes to another range; a relative one is kept for the namespace. */
export function goRange(conditions: Conditions): void {
  rememberRange(route.value.namespace, conditions);
  go(listHref(conditions));
}

export function goColumns(columns: string[]): void {
  store('trawl.columns', columns);
  go(listHref(readPlace(route.value.params, route.value.namespace).conditions, { cols: columns.join(',') }), 'replace');
}
