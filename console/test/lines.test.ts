import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from '../src/state/lines';

// A file that comes in pieces of this many bytes.
function inPieces(text: string, size: number): Blob {
  const bytes = new TextEncoder().encode(text);
  return {
    stream: () => new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    }),
  } as unknown as Blob;
}

test('lines are found however the file is cut', async () => {
  const text = 'first\nzweite Zeile: äöü\r\n\nfourth 🚢\nlast';
  for (let size = 1; size <= text.length + 8; ++size) {
    const found = await linesOf(inPieces(text, size), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual([...found], [[1, 'first'], [2, 'zweite Zeile: äöü'], [3, ''], [4, 'fourth 🚢'], [5, 'last']], `pieces of ${size}`);
  }
});

test('a long line is cut, and what follows is not read', async () => {
  const found = await linesOf(inPieces(`${'x'.repeat(5000)}\n${'y'.repeat(50)}\nz`, 7), [1, 2], 100);
  assert.equal(found.get(1), 'x'.repeat(100));
  assert.equal(found.get(2), 'y'.repeat(50));
  assert.equal(found.size, 2);
});
