// Holds the page to its budgets of bytes, as they cross the network (gzip -9):
//
//   node budgets.mjs DIST
//
// A page that is over one is not built. Raising a budget is a decision: say why in the commit.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const dist = process.argv[2];
const manifest = JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8'));
const rest = manifest.files.filter((file) => !manifest.editor.includes(file) && !manifest.first.includes(file));

// What somebody waits for: the first row, and a screen when it is first opened. The last two say
// what there is in all, most of which a visit never loads.
const budgets = [
  { what: 'what is loaded before the first row', files: manifest.first, bytesMax: 40_000 },
  ...Object.entries(manifest.screens).map(([name, files]) => (
    { what: `the screen ${name}`, files: files.filter((file) => !manifest.editor.includes(file)), bytesMax: 25_000 })),
  { what: 'the editor', files: manifest.editor, bytesMax: 122_000 },
  { what: 'all but the editor', files: [...manifest.first, ...rest], bytesMax: 175_000 },
];

let isOver = false;
for (const { what, files, bytesMax } of budgets) {
  const sizes = files.map((file) => [file, gzipSync(readFileSync(join(dist, file)), { level: 9 }).length]);
  const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
  const said = `${what}: ${bytes.toLocaleString('en')} of ${bytesMax.toLocaleString('en')} bytes`;
  if (bytes <= bytesMax) {
    console.log(said);
    continue;
  }
  isOver = true;
  console.error(`OVER THE BUDGET: ${said}`);
  for (const [file, size] of sizes.sort((a, b) => b[1] - a[1])) console.error(`  ${size.toLocaleString('en').padStart(9)} ${file}`);
}
if (isOver) {
  console.error('make it smaller, load it later, or raise the budget in console/budgets.mjs and say why');
  process.exit(1);
}
