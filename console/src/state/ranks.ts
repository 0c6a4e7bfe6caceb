// Two ranked lists beside each other: where each document stands in either.

/** A document at a boundary, as the record has it. Rows that a stage made have no document's id. */
export interface Ranked {
  document_id: string;
  collection_id: string;
  score?: number | null;
  written?: Record<string, unknown>; // What the stage wrote: of a row that it made, all of it.
}

export type Fate = 'same' | 'moved' | 'rescored' | 'entered' | 'left';

export interface PairedRow {
  key: string; // Of this row alone: collection and document, or the place of a row without a document.
  document_id: string;
  collection_id: string;
  rankA: number | null; // From 1.
  rankB: number | null;
  scoreA: number | null;
  scoreB: number | null;
  fate: Fate;
}

function keysOf(list: readonly Ranked[]): string[] {
  return list.map((one, i) => (one.document_id === '' ? `row ${i + 1}` : `${one.collection_id}/${one.document_id}`));
}

function fateOf(row: Omit<PairedRow, 'fate'>): Fate {
  if (row.rankA === null) return 'entered';
  if (row.rankB === null) return 'left';
  if (row.rankA !== row.rankB) return 'moved';
  return row.scoreA === row.scoreB ? 'same' : 'rescored';
}

/**
 * All documents of both lists: those of the second in their order, and where one of the first is
 * not in it, at the place that it had in the first.
 */
export function pairRanks(a: readonly Ranked[], b: readonly Ranked[]): PairedRow[] {
  const keysA = keysOf(a);
  const keysB = keysOf(b);
  const placeA = new Map(keysA.map((key, i) => [key, i]));
  const inB = new Set(keysB);
  const rows: PairedRow[] = [];
  const put = (key: string, i: number | undefined, j: number | undefined) => {
    const one = (j === undefined ? a[i!] : b[j])!;
    const row = {
      key, document_id: one.document_id, collection_id: one.collection_id,
      rankA: i === undefined ? null : i + 1, rankB: j === undefined ? null : j + 1,
      scoreA: i === undefined ? null : a[i]!.score ?? null, scoreB: j === undefined ? null : b[j]!.score ?? null,
    };
    rows.push({ ...row, fate: fateOf(row) });
  };
  let next = 0; // Of the first list: what is gone from it and stood before this place is already put.
  keysB.forEach((key, j) => {
    for (; next <= j && next < a.length; ++next) {
      if (!inB.has(keysA[next]!)) put(keysA[next]!, next, undefined);
    }
    put(key, placeA.get(key), j);
  });
  for (; next < a.length; ++next) {
    if (!inB.has(keysA[next]!)) put(keysA[next]!, next, undefined);
  }
  return rows;
}

/** What is said of a document whose ranks may lie behind what was recorded. */
export interface KnownMove {
  document_id: string;
  collection_id: string;
  rank_before: number | null;
  rank_after: number | null;
  score_before: number | null;
  score_after: number | null;
}

/** The rows with what is known besides: ranks that were not recorded, and documents that have no row. */
export function completed(rows: readonly PairedRow[], known: readonly KnownMove[]): PairedRow[] {
  const moves = new Map(known.map((one) => [keyOf(one), one]));
  const whole = (row: Omit<PairedRow, 'fate'>, move: KnownMove): PairedRow => {
    const next = { ...row, rankA: row.rankA ?? move.rank_before, rankB: row.rankB ?? move.rank_after, scoreA: row.scoreA ?? move.score_before, scoreB: row.scoreB ?? move.score_after };
    return { ...next, fate: fateOf(next) };
  };
  const out = rows.map((row) => {
    const move = moves.get(row.key);
    moves.delete(row.key);
    return move ? whole(row, move) : row;
  });
  for (const [key, move] of moves) {
    if (move.document_id === '') continue;
    out.push(whole({ key, document_id: move.document_id, collection_id: move.collection_id, rankA: null, rankB: null, scoreA: null, scoreB: null }, move));
  }
  return out;
}

/** By how many places a document rose (positive) or fell; null where one list does not have it. */
export function rise(row: { rankA: number | null; rankB: number | null }): number | null {
  return row.rankA === null || row.rankB === null ? null : row.rankA - row.rankB;
}

/**
 * The stage after which a run no longer had a document, of the boundaries in their order: its index,
 * -1 where none ever had it, null where the last has it.
 */
export function lostAfter(boundaries: readonly ReadonlySet<string>[], key: string): number | null {
  for (let i = boundaries.length - 1; i >= 0; --i) {
    if (boundaries[i]!.has(key)) return i === boundaries.length - 1 ? null : i + 1;
  }
  return -1;
}

export const keyOf = (one: Ranked): string => `${one.collection_id}/${one.document_id}`;

/** What tells a row that a stage made from others: its values but lists and objects. */
export function wordsOf(row: Ranked | undefined): string {
  return Object.entries(row?.written ?? {})
    .filter(([name, value]) => value !== null && typeof value !== 'object' && name !== 'score')
    .map(([name, value]) => `${name} ${String(value)}`).join(', ');
}
