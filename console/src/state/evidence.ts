// The values of an answer, in a person's order and words.
export interface EvidenceRow {
  name: string;
  text: string | null; // Null where it is more than a line: see `value`.
  value: unknown;
}

const NAMES: Record<string, string> = {
  field: 'field', operator: 'condition', value: 'asked for', found: 'the document has', negated: 'negated',
  rank: 'its rank', score: 'its score', top_k: 'top_k', lacking_words: 'words that it lacks', query: 'query', limit: 'limit', offset: 'offset',
};

// What the document is, against what was asked of it.
const ORDER = ['field', 'found', 'operator', 'value', 'query', 'lacking_words', 'rank', 'score', 'limit', 'top_k', 'offset'];

function textOf(value: unknown): string | null {
  if (value === null) return 'nothing';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => item === null || typeof item !== 'object')) {
    return value.length === 0 ? 'none' : value.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(', ');
  }
  return null;
}

/** The evidence of a reason as rows; members that say nothing (no negation, no offset) are left out. */
export function evidenceOf(evidence: Record<string, unknown>): EvidenceRow[] {
  const place = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return Object.entries(evidence)
    .filter(([name, value]) => !(name === 'negated' && value === false) && !(name === 'offset' && value === 0))
    .sort(([a], [b]) => place(a) - place(b))
    .map(([name, value]) => ({ name: NAMES[name] ?? name.replaceAll('_', ' '), text: textOf(value), value }));
}
