// What of the figures stands in the address: the list's conditions by their own names, and how they
// are grouped, sorted and compared.
import { COMPARISONS, FIGURES, isGroup, type Comparison } from './figures';
import { conditionsOf, listParams, type Conditions } from './list_filter';
import { readPlace, rememberRange } from './list_place';
import { go, href, route } from './route';

export interface StatsPlace {
  conditions: Conditions;
  by: string; // Of GROUPS, or label:NAME.
  sort: string; // A column of FIGURES; "-count" is the greatest first.
  against: Comparison | null;
  bucket: string; // "auto", or a unit of the server's.
  ignored: string[];
}

export const BUCKETS = ['auto', 'minute', 'hour', 'day', 'week', 'month'] as const;
const OWN = ['by', 'sort', 'vs', 'bucket'];

export function readStatsPlace(params: URLSearchParams, namespace: string): StatsPlace {
  const { ignored } = conditionsOf(params);
  const wanted = { by: params.get('by') ?? 'shape', sort: params.get('sort') ?? '-count', vs: params.get('vs'), bucket: params.get('bucket') ?? 'auto' };
  const place: StatsPlace = { conditions: readPlace(params, namespace).conditions, by: wanted.by, sort: wanted.sort, against: null, bucket: wanted.bucket, ignored: [...ignored] };
  if (!isGroup(wanted.by)) {
    place.ignored.push(`Figures cannot be grouped by ${wanted.by}; they are grouped by pipeline.`);
    place.by = 'shape';
  }
  if (!FIGURES.some(({ name }) => name === wanted.sort.replace(/^-/, ''))) {
    place.ignored.push(`There is no column ${wanted.sort} to sort by.`);
    place.sort = '-count';
  }
  if (!(BUCKETS as readonly string[]).includes(wanted.bucket)) {
    place.ignored.push(`There is no bucket of a ${wanted.bucket}.`);
    place.bucket = 'auto';
  }
  if (wanted.vs !== null) {
    if (Object.hasOwn(COMPARISONS, wanted.vs)) place.against = wanted.vs as Comparison;
    else place.ignored.push(`There is no comparison with ${wanted.vs}.`);
  }
  return place;
}

/** The address of the figures under other conditions, grouped and compared as they are. */
export function goConditions(conditions: Conditions): void {
  const { namespace, params } = route.value;
  const next = listParams(conditions);
  for (const name of OWN) {
    const value = params.get(name);
    if (value !== null) next.set(name, value);
  }
  rememberRange(namespace, conditions);
  go(href(namespace, 'stats', [], next));
}
