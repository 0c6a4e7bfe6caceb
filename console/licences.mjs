// Writes licences.txt, which is served: the licence of every library that the page is bundled of.
//
//   node licences.mjs DIST   (after build.mjs, which leaves meta.json beside DIST)
//
// Fails for a library without a licence text, or under one that this project has not looked at.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MAY_BE_SHIPPED = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0']);

const dist = process.argv[2];
const meta = JSON.parse(readFileSync(join(dist, '..', 'meta.json'), 'utf8'));

const folders = new Set();
for (const output of Object.values(meta.outputs)) {
  for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found && bytesInOutput > 0) folders.add(found[1]);
  }
}

const parts = ['The console is made with these libraries.\n'];
for (const folder of [...folders].sort()) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!MAY_BE_SHIPPED.has(license)) {
    throw new Error(`${name} ${version} is under '${license}'; look at it, and add it to licences.mjs if it may be shipped`);
  }
  const file = readdirSync(folder).find((one) => /^licen[cs]e(\.\w+)?$/i.test(one));
  if (!file) throw new Error(`${name} ${version} has no licence text in ${folder}`);
  parts.push(`${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`);
}
writeFileSync(join(dist, 'licences.txt'), parts.join(`\n${'-'.repeat(72)}\n\n`));
