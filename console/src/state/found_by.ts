// Which searches of a stage found a document, and where they disagreed about it. A stage that looked by
// words and by meaning has both, each with ranks of its own.
import type { ScoredId, StageRecord } from '../api/schema';

export interface Search {
  place: number; // In the stage; what candidates name it by.
  title: string; // "words", "meaning"; with a number where there are several of a kind.
  feature: string;
  candidates: number; // What it found; a document that it lacks may come behind these.
  topScore: number | null;
  vectors: { documents: number; withVectors: number } | null; // Of a search by vectors.
}

export type Part = { search: number; rank: number; score: number | null };

const numberOf = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/** The searches that a stage says it made; records that were imported may say anything. */
export function searchesOf({ metadata }: Pick<StageRecord, 'metadata'>): Search[] {
  const said: unknown = (metadata as Record<string, unknown> | undefined)?.searches;
  if (!Array.isArray(said)) return [];
  const searches = said.filter((one): one is Record<string, unknown> => one !== null && typeof one === 'object').map((one, i) => {
    const documents = numberOf(one.documents);
    const withVectors = numberOf(one.with_vectors);
    return {
      place: numberOf(one.search) ?? i, title: withVectors === null ? 'words' : 'meaning', feature: String(one.feature_uri ?? ''),
      candidates: numberOf(one.candidates) ?? 0, topScore: numberOf(one.top_score),
      vectors: documents === null || withVectors === null ? null : { documents, withVectors },
    };
  });
  for (const kind of ['words', 'meaning']) {
    const alike = searches.filter(({ title }) => title === kind);
    if (alike.length > 1) alike.forEach((one, i) => { one.title = `${kind} ${i + 1}`; });
  }
  return searches;
}

/** Where the searches had a candidate; empty where its stage made one search, or none. */
export function partsOf({ searches }: Pick<ScoredId, 'searches'>): Part[] {
  if (!Array.isArray(searches)) return [];
  return searches.flatMap(({ search, rank, score }) => (
    typeof search === 'number' && typeof rank === 'number' ? [{ search, rank, score: score ?? null }] : []));
}

/** Of several searches; of one there is nothing to tell apart. */
export function severalSearches(stage: Pick<StageRecord, 'metadata' | 'candidates'>): Search[] {
  const searches = searchesOf(stage);
  return searches.length > 1 && stage.candidates.some((candidate) => partsOf(candidate).length > 0) ? searches : [];
}

/** `all` of the searches, `some` of more than two, or `only:PLACE`; null: nothing is known. */
export type FoundBy = 'all' | 'some' | `only:${number}` | null;

export function foundBy(parts: readonly Part[], searches: readonly Search[]): FoundBy {
  const found = searches.filter(({ place }) => parts.some(({ search }) => search === place));
  if (found.length === 0) return null;
  if (found.length === searches.length) return 'all';
  return found.length === 1 ? `only:${found[0]!.place}` : 'some';
}

// They disagree about what is among the first of one and far down, or missing, in another. One that
// found nothing, as where there are no vectors yet, is of no opinion.
const FIRST = 10;
const FAR = 50;

export function disagree(parts: readonly Part[], searches: readonly Search[]): boolean {
  const best = Math.min(...parts.map(({ rank }) => rank));
  if (best > FIRST) return false; // As of no parts.
  return searches.some(({ place, candidates }) => {
    if (candidates === 0) return false;
    const part = parts.find(({ search }) => search === place);
    return !part || part.rank >= best + FAR;
  });
}

/** Whether a document is of those that were chosen: a FoundBy, or `apart` for those that searches disagree about. */
export function isFoundBy(chosen: string, parts: readonly Part[], searches: readonly Search[]): boolean {
  return chosen === 'apart' ? disagree(parts, searches) : foundBy(parts, searches) === chosen;
}

export interface Choice {
  name: string; // For isFoundBy().
  sign: string;
  title: string;
  count: number;
}

export const SIGNS = ['◐', '◑', '◒', '◓'];

/** What found it, in words: "both", "words only". */
export function foundByText(found: Exclude<FoundBy, null>, searches: readonly Search[]): { sign: string; title: string } {
  if (found === 'all') return { sign: '●', title: searches.length === 2 ? 'both' : `all ${searches.length}` };
  if (found === 'some') return { sign: '◌', title: 'some' };
  const at = searches.findIndex(({ place }) => found === `only:${place}`);
  return { sign: SIGNS[at % SIGNS.length]!, title: `${searches[at]!.title} only` };
}

/** What may be chosen, with how many documents have it; those that none has are left out, but for `chosen`. */
export function choices(documents: readonly (readonly Part[])[], searches: readonly Search[], chosen: string | null): Choice[] {
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const parts of documents) {
    const found = foundBy(parts, searches);
    if (found !== null) count(found);
    if (disagree(parts, searches)) count('apart');
  }
  const all = (['all', 'some', ...searches.map(({ place }) => `only:${place}`)] as Exclude<FoundBy, null>[])
    .map((name) => ({ name: name as string, ...foundByText(name, searches) }));
  all.push({ name: 'apart', sign: '≠', title: 'far apart' });
  return all.map((one) => ({ ...one, count: counts.get(one.name) ?? 0 })).filter(({ name, count: some }) => some > 0 || name === chosen);
}
