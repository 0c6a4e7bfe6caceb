// Lines of a file of any size, read piece by piece.

/**
 * The text of these lines (counted from 1) of a file, each cut to `most` characters. Reads no further
 * than the last of them.
 */
export async function linesOf(file: Blob, wanted: readonly number[], most = 10_000): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  const last = Math.max(0, ...wanted);
  const set = new Set(wanted);
  const reader = file.stream().getReader();
  const decoder = new TextDecoder();
  let line = 1;
  let text = ''; // Of the line so far, where it is wanted.
  const take = (piece: string): void => {
    if (set.has(line) && text.length < most) text += piece.slice(0, most - text.length);
  };
  const end = (): void => {
    if (set.has(line)) found.set(line, text.replace(/\r$/, ''));
    text = '';
    ++line;
  };
  while (line <= last) {
    const { done, value } = await reader.read();
    const chunk = done ? decoder.decode() : decoder.decode(value, { stream: true });
    let from = 0;
    for (let at = chunk.indexOf('\n'); at >= 0 && line <= last; at = chunk.indexOf('\n', from)) {
      take(chunk.slice(from, at));
      end();
      from = at + 1;
    }
    take(chunk.slice(from));
    if (done) {
      if (text !== '') end();
      break;
    }
  }
  await reader.cancel().catch(() => undefined);
  return found;
}
