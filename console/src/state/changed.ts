// What differs between a document of then and of now.
export interface Changed {
  name: string;
  before: string;
  after: string;
}

const LONG = 80;

function textOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > LONG ? `${text.slice(0, LONG)}…` : text;
}

/** Members that differ, in the order of the older one; what the server keeps of its own is left out. */
export function changedMembers(then: Record<string, unknown>, now: Record<string, unknown>): Changed[] {
  return [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((name) => name !== '_internal' && JSON.stringify(then[name]) !== JSON.stringify(now[name]))
    .map((name) => ({ name, before: textOf(then[name]), after: textOf(now[name]) }));
}
