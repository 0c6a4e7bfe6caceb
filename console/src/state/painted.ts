// When the page has first been on the screen: what is not needed for that waits until then.

let whole: () => void;
/** Resolves once what was drawn first has been painted. */
export const painted = new Promise<void>((resolve) => { whole = resolve; });

/** Told when the page has been drawn. */
export function drawn(): void {
  requestAnimationFrame(() => requestAnimationFrame(() => whole()));
  setTimeout(() => whole(), 200); // A hidden page has no frames.
}
