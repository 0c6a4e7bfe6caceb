// JSON whose large integers stay as they are. JavaScript's numbers are exact up to 2^53 alone, and ids
// of 64 bits are usual in filters: here such an integer is a text with a mark that no other text has.

const MARK = `exact-${Math.random().toString(36).slice(2)}-`;
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g');
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Parses JSON; what would be rounded is kept for `stringifyExact`. */
export function parseExact(text: string): unknown {
  return JSON.parse(text.replace(TOKEN, (token) => (
    token.startsWith('"') || !/^-?\d+$/.test(token) || Number.isSafeInteger(Number(token)) ? token : `"${MARK}${token}"`)));
}

/** Writes JSON, with large integers as they were. */
export function stringifyExact(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(MARKED, '$1');
}

/** The digits of a large integer, where `value` is one. */
export function exactDigits(value: unknown): string | null {
  return typeof value === 'string' && value.startsWith(MARK) ? value.slice(MARK.length) : null;
}

/** Whether there is an integer in it that was rounded, or is kept with its mark. */
export function hasLarge(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  if (value === null || typeof value !== 'object') return exactDigits(value) !== null;
  return Object.values(value).some(hasLarge);
}
