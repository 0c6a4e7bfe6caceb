// Where each document stood at each boundary of a run: one row a document, one place a stage.
import type { ScoredId, StageRecord } from '../api/schema';
import { isFoundBy, partsOf, severalSearches, type Part, type Search } from './found_by';

export interface Boundary {
  name: string;
  kind: string;
  count: number; // Documents that the stage handed on,
  recorded: number; // of which the record has these,
  truncated: boolean; // so that a document may have been among the others.
  isRows: boolean; // Documents had become rows by then, which have no ids.
}

/**
 * What became of a document.
 *   returned   it is in the results
 *   dropped    `stage` had it no more, and its list is whole
 *   unknown    `stage` does not have it among those that were recorded, and more there were
 *   in_rows    `stage` made rows of its documents
 *   unpaged    it came through all stages, and is on another page of the results
 *   stopped    it was there when the run ended early
 */
export type Fate = { kind: 'returned' | 'unpaged' | 'stopped' } | { kind: 'dropped' | 'unknown' | 'in_rows'; stage: number };

export interface FlowRow {
  name: string; // Of its collection and its own.
  document: string;
  collection: string;
  ranks: Int32Array; // At each boundary, from 1; 0 where it is not in the list.
  scores: (number | null)[];
  result: number; // Its rank in the results; 0 where it is not in them.
  parts: Part[]; // Where the searches had it, where a stage made several.
  first: number; // Its first rank at any boundary.
  last: number; // Its last one.
  fate: Fate;
}

export interface RankFlow {
  boundaries: Boundary[];
  searches: Search[]; // Of the first stage that made several,
  searchedAt: number; // which is that of this boundary; -1: none did.
  rows: FlowRow[]; // Returned ones by rank, then by how far they came and their rank there.
}

interface Recorded {
  status: string;
  stages: readonly Pick<StageRecord, 'stage_name' | 'stage_id' | 'output_count' | 'candidates' | 'candidates_truncated' | 'error' | 'metadata'>[];
  results: readonly ScoredId[];
}

export function nameOf(document: Pick<ScoredId, 'collection_id' | 'document_id'>): string {
  return `${document.collection_id}/${document.document_id}`;
}

/** The union of all boundaries. */
export function rankFlow(run: Recorded): RankFlow {
  // A failed stage handed on nothing: it is no boundary that could have dropped a document.
  const stages = run.stages.filter((stage) => !stage.error || stage.candidates.length > 0);
  const boundaries = stages.map((stage) => ({
    name: stage.stage_name, kind: stage.stage_id, count: stage.output_count,
    recorded: stage.candidates.length, truncated: stage.candidates_truncated === true,
    isRows: stage.candidates.some((candidate) => candidate.document_id === ''),
  }));
  const byName = new Map<string, FlowRow>();
  const rowOf = (document: ScoredId): FlowRow => {
    const name = nameOf(document);
    let row = byName.get(name);
    if (!row) {
      row = {
        name, document: document.document_id, collection: document.collection_id, ranks: new Int32Array(stages.length),
        scores: new Array<number | null>(stages.length).fill(null), result: 0, parts: [], first: 0, last: 0, fate: { kind: 'returned' },
      };
      byName.set(name, row);
    }
    return row;
  };
  const searchesOfStages = stages.map(severalSearches);
  const searchedAt = searchesOfStages.findIndex(({ length }) => length > 0);
  stages.forEach((stage, s) => {
    stage.candidates.forEach((candidate, i) => {
      if (candidate.document_id === '') return;
      const row = rowOf(candidate);
      if (row.ranks[s] !== 0) return; // Once is enough: rows that stages made may share an id.
      row.ranks[s] = i + 1;
      row.scores[s] = candidate.score;
      if (s === searchedAt) row.parts = partsOf(candidate);
      if (row.first === 0) row.first = i + 1;
      row.last = i + 1;
    });
  });
  run.results.forEach((result, i) => {
    if (result.document_id === '') return;
    const row = rowOf(result);
    if (row.result !== 0) return;
    row.result = i + 1;
    if (row.first === 0) row.first = i + 1;
    if (row.last === 0) row.last = i + 1;
  });
  const rows = [...byName.values()];
  for (const row of rows) row.fate = fateOf(row, boundaries, run.status === 'completed');
  const reach = (row: FlowRow) => (row.result > 0 ? boundaries.length + 1 : lastBoundary(row) + 1);
  rows.sort((a, b) => reach(b) - reach(a) || (a.result - b.result) || a.last - b.last);
  return { boundaries, searches: searchesOfStages[searchedAt] ?? [], searchedAt, rows };
}

function lastBoundary(row: FlowRow): number {
  let at = row.ranks.length - 1;
  while (at >= 0 && row.ranks[at] === 0) --at;
  return at;
}

function fateOf(row: FlowRow, boundaries: Boundary[], completed: boolean): Fate {
  if (row.result > 0) return { kind: 'returned' };
  const at = lastBoundary(row);
  if (at < boundaries.length - 1) {
    const next = boundaries[at + 1]!;
    return { kind: next.isRows ? 'in_rows' : next.truncated ? 'unknown' : 'dropped', stage: at + 1 };
  }
  return { kind: completed ? 'unpaged' : 'stopped' };
}

/** By how many ranks a document rose from where it first stood to where it last did; negative: it fell. */
export function rise(row: FlowRow): number {
  return row.first - (row.result || row.last);
}

/** Its rank at the boundary before, where it was in the list: what it moved from. 0: it is new. */
export function rankBefore(row: FlowRow, boundary: number): number {
  return boundary > 0 ? row.ranks[boundary - 1]! : 0;
}

/** `all`, `returned`, `rose`, `fell`, `dropped:S` by S's place, or `by:` and what isFoundBy() takes. */
export type FlowFilter = string;

export function filterRows({ rows, searches }: Pick<RankFlow, 'rows' | 'searches'>, filter: FlowFilter, find: string): FlowRow[] {
  const words = find.trim().toLocaleLowerCase();
  const dropped = /^dropped:(\d+)$/.exec(filter);
  const stage = dropped ? Number(dropped[1]) : -1;
  return rows.filter((row) => {
    if (words && !row.document.toLocaleLowerCase().includes(words)) return false;
    if (filter.startsWith('by:')) return isFoundBy(filter.slice(3), row.parts, searches);
    switch (filter) {
      case 'returned': return row.result > 0;
      case 'rose': return rise(row) > 0;
      case 'fell': return rise(row) < 0;
      case 'lost': return row.result === 0;
      default: return stage < 0 || ('stage' in row.fate && row.fate.stage === stage);
    }
  });
}

/** `result`, `document`, `at:S` for the rank at a boundary, or `by:P` for that of a search; those that are not in it come last. */
export function sortRows(rows: readonly FlowRow[], by: string, descending: boolean): FlowRow[] {
  const sorted = [...rows];
  const sign = descending ? -1 : 1;
  const byRank = (rank: (row: FlowRow) => number) => {
    sorted.sort((a, b) => {
      const x = rank(a);
      const y = rank(b);
      if (x === 0 || y === 0) return x === y ? 0 : x === 0 ? 1 : -1;
      return sign * (x - y);
    });
  };
  const [, kind, place] = /^(at|by):(\d+)$/.exec(by) ?? [];
  if (kind === 'at') byRank((row) => row.ranks[Number(place)] ?? 0);
  else if (kind === 'by') byRank((row) => row.parts.find(({ search }) => search === Number(place))?.rank ?? 0);
  else if (by === 'document') sorted.sort((a, b) => sign * (a.document < b.document ? -1 : a.document > b.document ? 1 : 0));
  else if (by === 'rise') sorted.sort((a, b) => sign * (rise(a) - rise(b)));
  else if (descending) byRank((row) => row.result);
  return sorted;
}
