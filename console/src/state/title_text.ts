// Which members of a document say what it is.
import type { Collection } from '../api/schema';

const USUAL = ['title', 'name', 'headline', 'heading', 'subject', 'question', 'summary', 'label'];

/** Members that may say what a document is: those with usual names, then those that are searched. */
export function titleFields(collection: Pick<Collection, 'features'> | null | false): string[] {
  const searched = (collection ? collection.features : [])
    .flatMap((feature) => feature.fields ?? [])
    .sort((a, b) => b.weight - a.weight)
    .map((field) => field.path);
  return [...new Set([...USUAL.filter((name) => searched.includes(name)), ...searched.slice(0, 3), ...USUAL])].slice(0, 10);
}

/** The first of these members that is a text and says more than the id does. */
export function titleIn(document: Record<string, unknown>, fields: readonly string[]): string {
  for (const path of fields) {
    const value = path.split('.').reduce<unknown>((at, name) => (at && typeof at === 'object' ? (at as Record<string, unknown>)[name] : undefined), document);
    if (typeof value === 'string' && value.trim() !== '' && value !== document.document_id) return value.slice(0, 300);
  }
  return '';
}
