// The style of what is loaded after the first rows: a file of its own, asked for once.
declare const LATER_STYLE: string; // Its name, which build.mjs knows.

let asked: Promise<void> | null = null;

/** Resolves when the style is there, or cannot be had: then what is shown is plain, but is shown. */
export function laterStyle(): Promise<void> {
  asked ??= new Promise((resolve) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = `console/${LATER_STYLE}`;
    link.onload = () => resolve();
    link.onerror = () => resolve();
    document.head.append(link);
  });
  return asked;
}
