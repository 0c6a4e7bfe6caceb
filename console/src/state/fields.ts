// The fields of documents, as far as some of them show which there are.

export interface Field {
  path: string; // Names joined by dots, as filters and `select` take them.
  type: 'text' | 'number' | 'boolean' | 'null' | 'mixed';
  isList: boolean; // In some document it has many values.
  length: number; // Characters of its longest value seen.
}

const DEPTH = 4;
const MANY = 200;
const OWN = new Set(['document_id', 'collection_id', '_internal']);

function typeOf(value: unknown): Field['type'] {
  if (value === null || value === undefined) return 'null';
  return typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text';
}

/** The fields that these documents have, in the order in which they were met, at most 200. */
export function fieldsOf(documents: readonly Record<string, unknown>[]): Field[] {
  const found = new Map<string, Field>();
  const meet = (path: string, value: unknown, inList: boolean, depth: number): void => {
    if (Array.isArray(value)) {
      for (const item of value.slice(0, 20)) meet(path, item, true, depth);
      return;
    }
    if (value !== null && typeof value === 'object') {
      if (depth >= DEPTH) return;
      for (const [name, item] of Object.entries(value)) meet(`${path}.${name}`, item, inList, depth + 1);
      return;
    }
    const type = typeOf(value);
    const length = typeof value === 'string' ? value.length : String(value).length;
    const known = found.get(path);
    if (!known) {
      if (found.size < MANY) found.set(path, { path, type, isList: inList, length });
      return;
    }
    known.isList ||= inList;
    known.length = Math.max(known.length, length);
    if (known.type === 'null') known.type = type;
    else if (type !== 'null' && type !== known.type) known.type = 'mixed';
  };
  for (const document of documents) {
    for (const [name, value] of Object.entries(document)) if (!OWN.has(name)) meet(name, value, false, 1);
  }
  return [...found.values()];
}

/** The columns that are shown where nobody chose any: what is searched first, then what is short. */
export function usualColumns(fields: readonly Field[], searched: readonly string[], many = 5): string[] {
  const byPath = new Map(fields.map((field) => [field.path, field]));
  const isShort = (path: string) => (byPath.get(path)?.length ?? 0) <= 120;
  const first = searched.filter((path) => byPath.has(path) && isShort(path));
  const rest = fields.map(({ path }) => path).filter((path) => isShort(path) && !first.includes(path));
  return [...first, ...rest].slice(0, many);
}

/** What a document has at a path; the longest key that leads on comes first, and lists are passed through. */
export function valueAt(value: unknown, path: string): unknown {
  if (path === '') return value;
  if (Array.isArray(value)) {
    const index = /^(\d+)(?:\.(.*))?$/s.exec(path);
    if (index) return valueAt(value[Number(index[1])], index[2] ?? '');
    const all = value.map((item) => valueAt(item, path)).filter((item) => item !== undefined);
    return all.length > 0 ? all : undefined;
  }
  if (value === null || typeof value !== 'object') return undefined;
  const object = value as Record<string, unknown>;
  const names = path.split('.');
  for (let taken = names.length; taken > 0; --taken) {
    const name = names.slice(0, taken).join('.');
    if (!Object.hasOwn(object, name)) continue;
    const found = valueAt(object[name], names.slice(taken).join('.'));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A value as one short line. */
export function cellText(value: unknown, most = 200): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value
    : Array.isArray(value) && value.every((item) => typeof item !== 'object') ? value.slice(0, 50).join(', ')
      : typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** The path of the filter grammar for a place in a document: indexes of lists are passed through. */
export function pathOf(place: readonly (string | number)[]): string {
  return place.filter((one) => typeof one === 'string').join('.');
}
