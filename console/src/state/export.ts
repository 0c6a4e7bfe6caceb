// An export as it comes: its rows are handed on, and its last line, which proves them, is checked.
import { Sha256 } from './sha256';

export interface Exported {
  rows: number;
  bytes: number;
  sha256: string;
}

export class BrokenExport extends Error {}

const NEWLINE = 10;

/**
 * Reads an export to its end, gives all but its last line to `write`, and compares that with what was
 * read. Throws BrokenExport where the end is missing, or is about other bytes.
 */
export async function readExport(
  body: ReadableStream<Uint8Array>, write: (bytes: Uint8Array<ArrayBuffer>) => void | Promise<void>, onBytes: (bytes: number) => void = () => undefined,
): Promise<Exported> {
  const hash = new Sha256();
  const reader = body.getReader();
  let held = new Uint8Array(0); // The last line so far, which may be the one that proves the others.
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const all = new Uint8Array(held.length + value.length);
      all.set(held);
      all.set(value, held.length);
      // The last byte may be the end of the last line.
      const end = all.subarray(0, Math.max(0, all.length - 1)).lastIndexOf(NEWLINE) + 1;
      if (end > 0) {
        const ready = all.slice(0, end);
        hash.update(ready);
        bytes += ready.length;
        await write(ready);
      }
      held = all.slice(end);
      onBytes(bytes);
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
  const said = trailerOf(new TextDecoder().decode(held));
  if (!said) throw new BrokenExport('The export broke off: its last line, which proves that it is whole, did not come.');
  const sha256 = hash.hex();
  if (said.sha256 !== sha256) throw new BrokenExport('What came is not what the server sent: the digests differ.');
  return { rows: said.rows, bytes, sha256 };
}

/** The last line of an export, of either format. */
export function trailerOf(line: string): { rows: number; sha256: string } | null {
  const [, rows, sha256] = /^# rows=(\d+) sha256=([0-9a-f]{64})\b/.exec(line) ?? [];
  if (sha256) return { rows: Number(rows), sha256 };
  if (!line.startsWith('{"_trailer":')) return null;
  try {
    const { _trailer: trailer } = JSON.parse(line) as { _trailer: { rows: number; sha256: string; complete?: boolean } };
    return trailer.complete === false ? null : { rows: trailer.rows, sha256: trailer.sha256 };
  } catch {
    return null;
  }
}
