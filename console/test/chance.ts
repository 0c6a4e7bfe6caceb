// Chance that is the same each time, for properties: chance(seed)(n) is 0 to n - 1.
export function chance(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

const CHARACTERS = [...'abzAZ09-_.~ /?#[]@!$&\'()*+,;=%"<>\\^`{|}', 'é', 'ß', '漢', '👍', '\u0301', '\u202e', '\u0000', '\n', '\ud800', '\udc00'];

/** A short text, often of characters that addresses mind. */
export function texts(next: (bound: number) => number): string {
  return Array.from({ length: next(6) }, () => CHARACTERS[next(CHARACTERS.length)]).join('');
}
