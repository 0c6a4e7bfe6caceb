// What is copied runs as it is, and means exactly the request that was recorded.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { exactRequestOf, asCommand, asCurl, asPython, asTypeScript, pythonLiteral, requestOf, shellQuoted } from '../src/state/copy_as';
import { hasLarge, parseExact, stringifyExact } from '../src/state/json_exact';
import { runOf } from '../src/state/run';
import type { ExecutionDetail } from '../src/api/schema';

const HOSTILE = [
  "it's", '$(touch owned)', '`id`', '$TRAWL_API_KEY', '"', '\\', "'''", '"""', '\n', '\r\n', 'END_OF_REQUEST', '\nEND_OF_REQUEST\n', '\u0000', '\u2028', '\u{1F40B}',
  '\ud800', '{{INPUT.query}}', '</script>', '${0}', '`${x}`', 'שלום', '\u007f', '!', '-n', '',
];
const BODY = {
  stages: [{ stage_name: 'find', config: { stage_id: 'feature_search', parameters: { searches: HOSTILE, none: null, yes: true, no: false } } }],
  inputs: Object.fromEntries(HOSTILE.map((text, i) => [`${i}${text}`, text])),
  numbers: [0, -1, 1.5, 1e21, 1e-7, 9007199254740991], empty: {}, nothing: [],
};
const TARGET = { url: "http://127.0.0.1:8080/it's $(a) prefix/", namespace: "name's $(space)" };

// The shell runs the text with a program of that name that writes down what it was given.
function runInShell(text: string, program: string): { args: string[]; input: string } {
  const folder = mkdtempSync(join(tmpdir(), 'copy-as-'));
  try {
    const file = join(folder, program);
    writeFileSync(file, `#!${process.execPath}\nprocess.stdout.write(JSON.stringify({ args: process.argv.slice(2), input: require('fs').readFileSync(0, 'utf8') }));\n`);
    chmodSync(file, 0o755);
    const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}`, TRAWL_API_KEY: 'sk_secret' };
    const done = spawnSync('sh', ['-c', text], { env, encoding: 'utf8', cwd: folder });
    assert.equal(done.status, 0, done.stderr);
    return JSON.parse(done.stdout) as { args: string[]; input: string };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('curl gets the request, byte for byte, and the key of the environment', () => {
  const { args, input } = runInShell(asCurl(BODY, TARGET), 'curl');
  assert.deepEqual(JSON.parse(input), BODY);
  assert.equal(args[1], `${TARGET.url}v1/retrievers/execute`);
  assert.ok(args.includes('Authorization: Bearer sk_secret'));
  assert.ok(args.includes(`X-Namespace: ${TARGET.namespace}`));
});

test('trawl execute gets the request on its standard input', () => {
  const { args, input } = runInShell(asCommand(BODY, TARGET), 'trawl');
  assert.deepEqual(JSON.parse(input), BODY);
  assert.deepEqual(args, ['execute', '--url', TARGET.url.slice(0, -1), '-n', TARGET.namespace, '-f', '-']);
});

test('a word of the shell is one word', () => {
  for (const word of HOSTILE.filter((text) => !text.includes('\u0000') && text !== '\ud800')) {
    const { args } = runInShell(`show ${shellQuoted(word)}`, 'show');
    assert.deepEqual(args, [word]);
  }
});

test('a literal of Python is the same JSON', () => {
  const done = spawnSync('python3', ['-c', `import json\nprint(json.dumps(${pythonLiteral(BODY)}))`], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(JSON.parse(done.stdout), BODY);
});

test('the whole program of Python is one, and reads the key from the environment', () => {
  const text = asPython(BODY, TARGET);
  const done = spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.buffer.read().decode("utf-8", "surrogatepass"))'], { input: text, encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  assert.match(text, /os\.environ\["TRAWL_API_KEY"\]/);
});

test('the program of TypeScript sends the same JSON', async () => {
  let sent: { url: string; body: string } | null = null;
  const program = asTypeScript(BODY, TARGET).replaceAll('await reply.text()', '""').replaceAll('process.env.TRAWL_API_KEY', '"key"');
  const fetched = (url: string, options: { body: string }) => {
    sent = { url, body: options.body };
    return Promise.resolve({ ok: true, json: () => Promise.resolve({ documents: [] }) });
  };
  const run = new Function('fetch', 'console', `return (async () => { ${program} })();`) as (fetch: unknown, console: unknown) => Promise<void>;
  await run(fetched, { log: () => undefined });
  assert.equal(sent!.url, `${TARGET.url}v1/retrievers/execute`);
  assert.deepEqual(JSON.parse(sent!.body), BODY);
});

test('the body is the recorded pipeline with its inputs and labels; without them there is none', () => {
  const record = { pipeline: { stages: [] }, inputs: '{"query":"x"}', labels: { team: 'search' }, status: 'completed' } as unknown as ExecutionDetail;
  assert.deepEqual(requestOf(runOf(record)), { body: { stages: [], inputs: { query: 'x' }, labels: { team: 'search' } } });
  assert.ok('missing' in requestOf(runOf({ ...record, pipeline: null, inputs: null })));
  assert.ok('missing' in requestOf(runOf({ ...record, inputs: null })));
  assert.ok('missing' in requestOf(runOf({ ...record, inputs: 'no JSON' })));
});

const LARGE = '{"a":[9007199254740993,-1234567890123456789,1,0.5,1e400,"9007199254740993","\\\\\\"9007199254740993"]}';

test('large integers are not rounded, and texts of digits stay texts', () => {
  const whole = LARGE.replace('1e400', '1e40');
  assert.equal(stringifyExact(parseExact(whole)), whole.replace('1e40', '1e+40'));
  assert.ok(hasLarge(parseExact('[9007199254740993]')));
  assert.ok(hasLarge(JSON.parse('[9007199254740993]')));
  assert.ok(!hasLarge(parseExact('["9007199254740993", 9007199254740991, 0.5]')));
});

test('a copy has large integers in every form', () => {
  const record = '{"status":"completed","labels":{},"pipeline":{"stages":[{"value":9007199254740993}]},"inputs":"{\\"id\\":1234567890123456789}"}';
  const request = exactRequestOf(record);
  assert.ok('body' in request);
  const { input } = runInShell(asCurl(request.body, TARGET), 'curl');
  for (const text of [input, asPython(request.body, TARGET), asTypeScript(request.body, TARGET), asCommand(request.body, TARGET)]) {
    assert.match(text, /[ :]9007199254740993[^"\d]/);
    assert.match(text, /[ :]1234567890123456789[^"\d]/);
  }
});
