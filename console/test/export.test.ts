// Goal: an export that is cut off or changed is never taken for a whole one, however its bytes come.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { BrokenExport, readExport } from '../src/state/export';
import { exportCommand } from '../src/state/export_command';
import { canonical } from '../src/state/list_filter';
import { Sha256 } from '../src/state/sha256';

test('the digest is that of others, for every length around a block', () => {
  for (let length = 0; length < 200; ++length) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
    const cut = length % 61;
    assert.equal(new Sha256().update(bytes.subarray(0, cut)).update(bytes.subarray(cut)).hex(), createHash('sha256').update(bytes).digest('hex'), String(length));
  }
});

const ROWS = '{"execution_id":"a"}\n{"execution_id":"é"}\n';
const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const ndjson = `${ROWS}{"_trailer":{"rows":2,"sha256":"${digest(ROWS)}","next_cursor":null,"complete":true}}\n`;
const CSV = 'execution_id\r\na\r\n';
const csv = `${CSV}# rows=1 sha256=${digest(CSV)}\r\n`;

async function read(text: string | Uint8Array, size: number): Promise<{ text: string; rows: number }> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const parts: Uint8Array[] = [];
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
  const { rows } = await readExport(stream, (part) => { parts.push(part); });
  return { text: Buffer.concat(parts).toString(), rows };
}

test('a whole export is read in pieces of any size', async () => {
  for (let size = 1; size <= ndjson.length + 1; ++size) {
    assert.deepEqual(await read(ndjson, size), { text: ROWS, rows: 2 });
    assert.deepEqual(await read(csv, size), { text: CSV, rows: 1 });
  }
});

test('a part of an export is never taken for the whole', async () => {
  const bytes = new TextEncoder().encode(ndjson);
  for (let length = 0; length < bytes.length - 1; ++length) await assert.rejects(read(bytes.slice(0, length), 16), BrokenExport, String(length));
  await assert.rejects(read(ndjson.replace('"a"', '"b"'), 16), BrokenExport);
});

test('the command line says the same conditions, or nothing', () => {
  const target = { url: 'http://127.0.0.1:8080/', namespace: 'default' };
  const body = canonical({ start_time: '-24h', statuses: ['failed', 'cancelled'], query: '"night ferry" it\'s', labels: { team: 'a b' }, min_credits: 1, filters: { field: 'client', operator: 'eq', value: 'x' } });
  assert.equal(exportCommand(body, 'ndjson', true, target),
    `trawl --url http://127.0.0.1:8080 -n default executions export '--query="night ferry" it'\\''s' --since=-24h --status=failed --status=cancelled '--label=team=a b'`
    + ` '--where={"AND":[{"field":"client","operator":"eq","value":"x"},{"field":"credits_used","operator":"gte","value":1}]}' --detail -o executions.ndjson.gz`);
  assert.equal(exportCommand(canonical({ returned_document: 'd' }), 'csv', false, target), null);
});
