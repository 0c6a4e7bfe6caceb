// Writes the types of the server's API, made from its description:
//
//   node types.mjs REPOSITORY OUT.ts
//
// The description is src/api/describe/openapi/*.json, completed as the server completes it from
// the table of recorded fields (src/model/recorded_fields.h). What changes there and is used here
// otherwise does not compile any more.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [repository, out] = process.argv.slice(2);
if (!out) {
  console.error('usage: node types.mjs REPOSITORY OUT.ts');
  process.exit(2);
}

const folder = join(repository, 'src/api/describe/openapi');
const schemas = {};
for (const name of readdirSync(folder).filter((file) => file.endsWith('.json')).sort()) {
  const part = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  Object.assign(schemas, part.components?.schemas ?? {});
}

// The table's lines: field("name", kind, "unit", place(…), uses, "description", "filter name"?).
function recordedFields() {
  const text = readFileSync(join(repository, 'src/model/recorded_fields.h'), 'utf8');
  const table = text.slice(text.indexOf('kRecordedMembers{'), text.indexOf('}  // namespace recorded::table'));
  const line = /field\(\s*"(\w+)",\s*(\w+),\s*"[^"]*",\s*(\w+)\([^)]*\),\s*([\w\s|]+?),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)(?:,\s*"(\w+)")?\)/g;
  const fields = [];
  for (const [, name, kind, kept, uses, , filterName] of table.matchAll(line)) {
    fields.push({ name, kind, kept, uses: uses.split('|').map((use) => use.trim()), filterName: filterName ?? name });
  }
  const wanted = table.split('field("').length - 1 + table.split('field(\n').length - 1;
  if (fields.length === 0 || fields.length !== wanted) {
    throw new Error(`src/model/recorded_fields.h: ${fields.length} of ${wanted} lines of the table were understood`);
  }
  return fields;
}

const TYPE_OF_KIND = {
  word: 'string', id: 'string | null', text: 'string | null', instant: 'string', amount: 'number',
  count: 'number', rate: 'number | null', flag: 'boolean', words: 'string[] | null',
  labels: 'Record<string, string>', json: 'unknown', objects: 'unknown[]',
};

const fields = recordedFields();
const sorts = fields.filter((field) => field.uses.includes('kSort')).map((field) => field.name);

function quoted(name) {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}

function union(parts) {
  return [...new Set(parts)].join(' | ') || 'never';
}

function typeOf(schema, depth = 0) {
  if (schema === true || schema === undefined) return 'unknown';
  if (schema === false) return 'never';
  if (schema.$ref) return schema.$ref.split('/').pop();
  if (schema['x-recorded-fields'] === 'names') return 'string';
  if (schema['x-recorded-fields'] === 'sorts') return union(sorts.map((name) => JSON.stringify(name)));
  if (schema['x-recorded-fields'] === 'order') return 'string';
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return union(schema.enum.map((value) => JSON.stringify(value)));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return union(choices.map((choice) => typeOf(choice, depth)));
  if (Array.isArray(schema.type)) {
    return union(schema.type.map((type) => typeOf({ ...schema, type }, depth)));
  }
  switch (schema.type) {
    case 'string': return 'string';
    case 'integer':
    case 'number': return 'number';
    case 'boolean': return 'boolean';
    case 'null': return 'null';
    case 'array': {
      const item = typeOf(schema.items, depth);
      return /[|{&]/.test(item) ? `(${item})[]` : `${item}[]`;
    }
    case 'object': return objectType(schema, depth);
    default: return schema.properties ? objectType(schema, depth) : 'unknown';
  }
}

function members(schema, depth) {
  const required = new Set(schema.required ?? []);
  const properties = new Map(Object.entries(schema.properties ?? {}).map(([name, one]) => [name, typeOf(one, depth + 1)]));
  const optional = new Set([...properties.keys()].filter((name) => !required.has(name)));
  const put = (name, type, isOptional) => {
    if (!properties.has(name) || properties.get(name) === 'unknown' || properties.get(name) === 'unknown[]') properties.set(name, type);
    if (isOptional) optional.add(name); else optional.delete(name);
  };
  switch (schema['x-recorded-fields']) {
    case 'row':
      for (const field of fields.filter((one) => one.kept === 'row')) put(field.name, TYPE_OF_KIND[field.kind], false);
      break;
    case 'record':
      for (const field of fields.filter((one) => one.kept !== 'derived')) put(field.name, TYPE_OF_KIND[field.kind], !required.has(field.name));
      break;
    case 'conditions':
      for (const field of fields.filter((one) => one.uses.includes('kCondition'))) put(field.filterName, 'string | null', true);
      break;
  }
  return { properties, optional };
}

function objectType(schema, depth) {
  const { properties, optional } = members(schema, depth);
  const indent = '  '.repeat(depth + 1);
  const lines = [...properties].map(([name, type]) => `${indent}${quoted(name)}${optional.has(name) ? '?' : ''}: ${type};`);
  const rest = schema.additionalProperties;
  if (lines.length === 0) {
    if (rest && rest !== true) return `Record<string, ${typeOf(rest, depth)}>`;
    return 'Record<string, unknown>';
  }
  return `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`;
}

let text = '// Made by types.mjs from the description of the API.\n\n';
for (const [name, schema] of Object.entries(schemas)) {
  const base = schema['x-properties-of'];
  let type = typeOf(schema);
  if (base) {
    const own = schema.properties ?? {};
    const required = (schema.required ?? []).filter((one) => !(one in own)).map((one) => JSON.stringify(one)).join(' | ');
    const inherited = required ? `${base} & Required<Pick<${base}, ${required}>>` : base;
    type = schema.properties ? `${inherited} & ${type}` : inherited;
  }
  text += `export type ${name} = ${type};\n\n`;
}
text += `export const SORTS = ${JSON.stringify(sorts)} as const;\n`;
text += `export const FILTER_FIELDS = ${JSON.stringify(fields.filter((one) => one.uses.includes('kFilter')).map((one) => ({ name: one.filterName, kind: one.kind })))} as const;\n`;
text += `export const RECORDED_FIELDS = ${JSON.stringify(fields.filter((one) => one.kept !== 'derived').map(({ name, kind, kept }) => ({ name, kind, kept })))} as const;\n`;
writeFileSync(out, text);
