// What differs between two JSON values, place by place.

export interface Change {
  path: string; // Names and indexes joined by dots; empty for the whole.
  before: unknown; // undefined: was not there.
  after: unknown; // undefined: is not there any more.
}

const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object' && !Array.isArray(value);

/** The places that differ. Lists are compared as wholes: an item that moved is no change of each. */
export function changesBetween(before: unknown, after: unknown, path = ''): Change[] {
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => changesBetween(before[name], after[name], path === '' ? name : `${path}.${name}`));
  }
  return equal(before, after) ? [] : [{ path, before, after }];
}

/** Whether two JSON values are the same, whatever the order of members. */
export function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && equal(a[name], b[name]));
  }
  return a === b;
}
