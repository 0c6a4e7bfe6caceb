// Runs the unit tests, test/*.test.ts, in node's own runner: node test.mjs [NAME…]
//
// Each is bundled first, since node does not read TypeScript. NAME chooses test/NAME.test.ts.
import * as esbuild from 'esbuild';
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const chosen = process.argv.slice(2);
const names = readdirSync(join(here, 'test'))
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => file.replace(/\.test\.ts$/, ''))
  .filter((name) => chosen.length === 0 || chosen.includes(name));
if (names.length === 0) {
  console.error(`test/ has no ${chosen.join(', ') || '*'}.test.ts`);
  process.exit(2);
}

const out = join(here, 'tests');
rmSync(out, { recursive: true, force: true });
await esbuild.build({
  absWorkingDir: here,
  entryPoints: names.map((name) => `test/${name}.test.ts`),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node18',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const files = names.map((name) => join(out, `${name}.test.mjs`));
const done = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], { stdio: 'inherit' });
process.exit(done.status ?? 1);
