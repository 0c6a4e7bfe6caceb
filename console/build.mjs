// Bundles the page: node build.mjs [OUT]   (OUT is dist beside this file unless said)
//
// Three files show the first rows: index.html, one script and one style. Every other screen, the
// charts and the editor are files of their own, loaded when first wanted. What they share with the
// first script they take from it, and small modules of many of them are in one file, common: nothing
// is there twice and nothing is cut into crumbs. The bundler's own splitting makes a chunk of each set
// of users, here some forty, and a browser fetches six at a time.
//
//  1. The first script is bundled to learn what is in it.
//  2. All that is loaded later is bundled, with what the first has left outside, to learn what is common.
//  3. It is bundled again without that, and so is what is common.
//  4. The first is bundled again, exporting what those have been seen to take from it.
//
// All names have one digest, that of everything: files refer to each other both ways.
// Beside the files it writes manifest.json, which says what is loaded before the first row, with each
// screen, and for the editor; and meta.json beside OUT: what is in them.
import * as esbuild from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, 'dist');
const DIGEST = '--digest--'; // Stands for it until everything is known.
const SHARED = 'shared:'; // What is taken from the first script or the common one, by the path of its module.
const COMMON = { usersMin: 3, bytesMax: 3000 }; // Chunks of this many users and at most this size.

const common = {
  absWorkingDir: here,
  outdir: out,
  bundle: true,
  write: false,
  format: 'esm',
  minify: true,
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  entryNames: `[name]-${DIGEST}`,
  chunkNames: `part-[hash]-${DIGEST}`,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  define: { 'process.env.NODE_ENV': '"production"', LATER_STYLE: JSON.stringify(`later-${DIGEST}.css`) },
};

// Modules that are loaded later stay outside, and are noted in `later`.
const leaveLater = (later) => ({
  name: 'leave-later',
  setup(build) {
    build.onResolve({ filter: /./ }, async (args) => {
      if (args.kind !== 'dynamic-import' || args.pluginData === 'asked') return undefined;
      const found = await build.resolve(args.path, { kind: 'import-statement', resolveDir: args.resolveDir, importer: args.importer, pluginData: 'asked' });
      later.add(relative(here, found.path));
      return { path: `./${basename(found.path).replace(/\.\w+$/, '')}-${DIGEST}.js`, external: true };
    });
  },
});

// Modules that are in another script stay outside.
const leaveShared = (shared) => ({
  name: 'leave-shared',
  setup(build) {
    build.onResolve({ filter: /./ }, async (args) => {
      if (args.kind !== 'import-statement' || args.pluginData === 'asked') return undefined;
      const found = await build.resolve(args.path, { kind: args.kind, resolveDir: args.resolveDir, importer: args.importer, pluginData: 'asked' });
      const path = relative(here, found.path);
      return shared.has(path) ? { path: SHARED + path, external: true } : undefined;
    });
  },
});

const FIRST = 'src/main.tsx';
const later = new Set();
const alone = await esbuild.build({ ...common, entryPoints: [FIRST], plugins: [leaveLater(later)] });
const shared = new Set(Object.keys(alone.metafile.inputs));

const splitRest = (without) => esbuild.build({ ...common, entryPoints: [...later].sort(), splitting: true, plugins: [leaveShared(without)] });

// The modules of small chunks that many of the later files use, and all that these import.
function commonModules({ outputs, inputs }) {
  const users = new Map();
  for (const [file, { entryPoint }] of Object.entries(outputs)) {
    if (entryPoint) for (const one of withImports(outputs, file)) users.set(one, (users.get(one) ?? 0) + 1);
  }
  const found = new Set();
  const add = (module) => {
    if (shared.has(module) || found.has(module)) return;
    found.add(module);
    for (const { path, kind, external } of inputs[module].imports) if (kind === 'import-statement' && !external) add(path);
  };
  for (const [file, { entryPoint, bytes, inputs: modules }] of Object.entries(outputs)) {
    if (!entryPoint && bytes <= COMMON.bytesMax && users.get(file) >= COMMON.usersMin) Object.keys(modules).forEach(add);
  }
  return found;
}

// A file and those that come with it.
function withImports(outputs, file, seen = new Set()) {
  if (seen.has(file) || !outputs[file]) return seen;
  seen.add(file);
  for (const one of outputs[file].imports) if (one.kind === 'import-statement' && !one.external) withImports(outputs, one.path, seen);
  return seen;
}

const many = commonModules((await splitRest(shared)).metafile);
const rest = await splitRest(new Set([...shared, ...many]));

// Names that files take from the first script and from the common one, as `module\0name` → the name that they have there.
const taken = new Map();
function takenName(module, name) {
  const id = `${module}\0${name}`;
  if (!taken.has(id)) taken.set(id, `_${taken.size.toString(36)}`);
  return taken.get(id);
}
const exportsOf = (modules) => [...taken].map(([id, name]) => [...id.split('\0'), name]).filter(([module]) => modules.has(module))
  .map(([module, of, name]) => `export { ${of} as ${name} } from './${module}';`);

const mainName = `main-${DIGEST}.js`;
const commonName = `common-${DIGEST}.js`;
const fileOf = (module) => `./${many.has(module) ? commonName : mainName}`;
const files = new Map();
function addFile(name, bundled) {
  const text = bundled.replace(/import\{([^}]*)\}from"shared:([^"]+)"/g, (_, names, module) => {
    const list = names.split(',').map((one) => {
      const [name, local = name] = one.trim().split(' as ');
      return `${takenName(module, name)} as ${local}`;
    });
    return `import{${list}}from"${fileOf(module)}"`;
  }).replace(/import"shared:([^"]+)"/g, (_, module) => `import"${fileOf(module)}"`);
  if (text.includes(`"${SHARED}`)) throw new Error(`${name} takes something from another script in a way that is not known here`);
  files.set(name, text);
}

// One script of many modules, which exports what others take from them.
const bundleOf = (name, contents, plugins) => esbuild.build({
  ...common,
  stdin: { contents: contents.join('\n'), resolveDir: here, sourcefile: `${name}.js` },
  outfile: join(out, `${name}-${DIGEST}.js`),
  outdir: undefined,
  plugins,
});

for (const { path, text } of rest.outputFiles) addFile(basename(path), text);
const ofMany = await bundleOf('common', exportsOf(many), [leaveLater(new Set()), leaveShared(shared)]);
addFile(commonName, ofMany.outputFiles[0].text);
const first = await bundleOf('main', [`import './${FIRST}';`, ...exportsOf(shared)], [leaveLater(new Set())]);
addFile(mainName, first.outputFiles[0].text);
const style = await esbuild.build({ ...common, entryPoints: ['src/style.css', 'src/later.css'] });
for (const file of style.outputFiles) files.set(basename(file.path), file.text);

const digest = createHash('sha256');
for (const [name, text] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) digest.update(name).update('\0').update(text);
const id = digest.digest('hex').slice(0, 12);
const named = (text) => text.replaceAll(DIGEST, id);

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const [name, text] of files) writeFileSync(join(out, named(name)), named(text));
writeFileSync(join(out, 'index.html'), readFileSync(join(here, 'src/index.html'), 'utf8')
  .replace('{{style}}', named(`style-${DIGEST}.css`)).replace('{{main}}', named(`main-${DIGEST}.js`)));

const outputs = { ...rest.metafile.outputs, ...ofMany.metafile.outputs, ...first.metafile.outputs, ...style.metafile.outputs };
const isEditor = (one) => Object.keys(one.inputs).some((input) => input.includes('/@codemirror/'));
const editor = Object.entries(outputs).filter(([, one]) => isEditor(one)).map(([file]) => named(basename(file)));

// What comes with each screen, beside what is there already, when it is first opened.
const partsOf = (file) => [...withImports(rest.metafile.outputs, file)].map((part) => basename(part));
const screens = Object.fromEntries(Object.entries(rest.metafile.outputs)
  .filter(([, one]) => /^src\/screens\/\w+\.tsx$/.test(one.entryPoint ?? ''))
  .map(([file, one]) => {
    const parts = partsOf(file);
    if (parts.some((part) => files.get(part).includes(commonName))) parts.push(commonName);
    return [basename(one.entryPoint, '.tsx'), parts.map(named)];
  }));

writeFileSync(join(out, 'manifest.json'), JSON.stringify({
  first: ['index.html', named(`main-${DIGEST}.js`), named(`style-${DIGEST}.css`)],
  screens,
  editor: editor.sort(),
  files: [...files.keys()].map(named).sort(),
}, null, 2));
const inputs = Object.assign({}, ...[rest, ofMany, first, style].map((one) => one.metafile.inputs));
writeFileSync(join(out, '..', 'meta.json'), JSON.stringify({ inputs, outputs }));
