// What the editor knows of pipelines: what may be written at a place, what a name means, what is
// wrong. All of it from what this server says: its stages with their parameters, the description of
// its API, its collections.
import type { Stage } from '../api/schema';
import { inputsOf } from './inputs';
import { nodeAt, parseJson, pathAround, placeAt, valueOf, type JsonNode, type Path, type Place } from './json_text';

export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
  required?: string[];
  items?: JsonSchema;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
}

export interface KnownCollection {
  name: string;
  fields: string[]; // Dotted paths.
  features: string[]; // Their addresses.
}

export interface Knowledge {
  stages: Stage[];
  schemas: Record<string, JsonSchema>; // Of the API's description.
  collections: KnownCollection[];
}

export interface Option {
  label: string;
  detail: string; // A few words beside it.
  info: string; // What it means.
  text: string; // What is written.
  cursor: number; // Where in it the cursor then stands.
  more: boolean; // Whether to offer again what may be written there.
}

export interface Completion {
  from: number;
  to: number;
  options: Option[];
}

export interface Mark {
  from: number;
  to: number;
  severity: 'error' | 'warning';
  message: string;
}

const CHECKED_MAX = 200_000; // Characters; of a longer text only the JSON is checked.

const FILTERS = new Set(['filters', 'pre_filters', 'post_filters', 'conditions']);

// A schema and all that it may stand for.
function expand(schema: JsonSchema | undefined, schemas: Knowledge['schemas'], depth = 0): JsonSchema[] {
  if (!schema || depth > 8) return [];
  if (schema.$ref) {
    const meant = expand(schemas[schema.$ref.split('/').pop()!], schemas, depth + 1);
    return schema.description ? meant.map((one, i) => (i === 0 ? { ...one, description: schema.description! } : one)) : meant;
  }
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  if (choices.length === 0) return [schema];
  const { anyOf: _, oneOf: __, allOf: ___, ...own } = schema;
  return [own, ...choices.flatMap((one) => expand(one, schemas, depth + 1))];
}

function stageAt(root: JsonNode | null, path: Path, knowledge: Knowledge): Stage | undefined {
  if (path[0] !== 'stages' || path.length < 2) return undefined;
  const stage = nodeAt(root, path.slice(0, 2));
  const id = nodeAt(stage, ['config', 'stage_id'])?.value ?? nodeAt(stage, ['stage_id'])?.value ?? nodeAt(stage, ['type'])?.value;
  return knowledge.stages.find((one) => one.stage_id === id);
}

/** The schemas that hold for the value at a path. */
export function schemasAt(root: JsonNode | null, path: Path, knowledge: Knowledge): JsonSchema[] {
  const { schemas } = knowledge;
  let now = expand(schemas.ExecuteRequest, schemas);
  for (const [i, step] of path.entries()) {
    const here = path.slice(0, i + 1);
    const isParameters = here[0] === 'stages' && step === 'parameters' && (i === 2 || (i === 3 && here[2] === 'config'));
    const stage = isParameters ? stageAt(root, here, knowledge) : undefined;
    if (stage) {
      now = [stage.parameter_schema as JsonSchema];
      continue;
    }
    const next: JsonSchema[] = [];
    for (const schema of now) {
      if (typeof step === 'number') next.push(...expand(schema.items, schemas));
      else if (schema.properties?.[step]) next.push(...expand(schema.properties[step], schemas));
      else if (typeof schema.additionalProperties === 'object') next.push(...expand(schema.additionalProperties, schemas));
    }
    // The parameters of stages name their filters without saying what one is.
    if (typeof step === 'string' && FILTERS.has(step) && here[0] === 'stages' && schemas.Filter) {
      const described = next.find(({ description }) => description)?.description;
      now = expand(schemas.Filter, schemas).map((one, j) => (j === 0 && described ? { ...one, description: described } : one));
      continue;
    }
    now = next;
  }
  return now;
}

const typesOf = (schema: JsonSchema): string[] => [schema.type ?? []].flat();
const isFilter = (path: Path): boolean => path.some((step) => typeof step === 'string' && FILTERS.has(step));

function merged(holders: JsonSchema[]): Map<string, JsonSchema> {
  const names = new Map<string, JsonSchema>();
  for (const holder of holders) {
    for (const [name, schema] of Object.entries(holder.properties ?? {})) {
      const before = names.get(name);
      if (!before || (typesOf(before).join() === 'null')) names.set(name, schema);
    }
  }
  return names;
}

function summary(schemas: JsonSchema[]): { type: string; description: string; choices: unknown[]; schema: JsonSchema } {
  const choices = schemas.flatMap((one) => one.enum ?? (one.const !== undefined ? [one.const] : [])).filter((one) => one !== null && one !== '');
  const types = [...new Set(schemas.flatMap(typesOf))].filter((one) => one !== 'null');
  const schema = schemas.find(({ default: value }) => value !== undefined && value !== null) ?? schemas[0] ?? {};
  return { type: types.join(' or '), description: schemas.find(({ description }) => description)?.description ?? '', choices: [...new Set(choices)], schema };
}

function bounds(schema: JsonSchema): string {
  const { minimum, maximum, default: usual } = schema;
  return [
    minimum !== undefined && maximum !== undefined ? `${minimum} to ${maximum}` : minimum !== undefined ? `at least ${minimum}` : maximum !== undefined ? `at most ${maximum}` : '',
    usual !== undefined && usual !== null ? `${JSON.stringify(usual)} unless said` : '',
  ].filter(Boolean).join(', ');
}

function nameOption(name: string, schemas: JsonSchema[], place: Place, required: boolean): Option {
  const { type, description, choices, schema } = summary(schemas);
  const quoted = JSON.stringify(name);
  let value = '';
  let cursor = 0;
  let more = false;
  if (!place.isNamed) {
    if (type.startsWith('string') || choices.some((one) => typeof one === 'string')) [value, cursor, more] = ['""', 1, true];
    else if (type.startsWith('object') || /^filter/i.test(description) || FILTERS.has(name)) [value, cursor, more] = ['{}', 1, true];
    else if (type.startsWith('array')) [value, cursor, more] = ['[]', 1, true];
    else if (type === 'boolean') value = String(!(schema.default ?? false));
    else if (schema.default !== undefined && schema.default !== null) value = JSON.stringify(schema.default);
    else more = true;
  }
  const text = place.isNamed ? quoted : `${quoted}: ${value}`;
  return {
    label: name, detail: [type, required ? 'required' : ''].filter(Boolean).join(', '), info: [description, bounds(schema)].filter(Boolean).join('\n'),
    text, cursor: place.isNamed ? text.length : text.length - value.length + (cursor || value.length), more: !place.isNamed && more,
  };
}

function valueOption(value: unknown, info: string, detail = ''): Option {
  const text = JSON.stringify(value);
  return { label: typeof value === 'string' ? value : text, detail, info, text, cursor: text.length, more: false };
}

const isPathName = (name: unknown, description: string) => typeof name === 'string' &&
  (/^(field|key|fields|path|stratify_by|sort_docs_by|sort_by)$|_field$/.test(name) || /dotted path/i.test(description));

// Collections that the pipeline names at a place: the stage's own, or those of the request.
function collectionsOf(root: JsonNode | null, path: Path, knowledge: Knowledge): KnownCollection[] {
  const names = new Set<unknown>();
  for (const holder of [path.slice(0, 2), []] as Path[]) {
    for (const found of [[...holder, 'collection_identifiers'], [...holder, 'config', 'parameters', 'collection_identifiers']] as Path[]) {
      for (const name of [valueOf(nodeAt(root, found))].flat()) names.add(name);
    }
  }
  const named = knowledge.collections.filter(({ name }) => names.has(name));
  return named.length > 0 ? named : knowledge.collections;
}

const fieldsOf = (collections: KnownCollection[]): string[] => [...new Set(collections.flatMap(({ fields }) => fields))].sort();

function templateCompletion(text: string, root: JsonNode | null, offset: number, place: Place, knowledge: Knowledge): Completion | null {
  if (text[place.from] !== '"') return null;
  const before = text.slice(place.from, offset);
  const open = /\{\{\s*([\w.]*)$/.exec(before);
  if (!open) return null;
  const from = offset - open[1]!.length;
  const rest = /^[\w.]*\s*(\}\})?/.exec(text.slice(offset, place.to))![0];
  const make = (label: string, info: string): Option => {
    const written = `${label}}}`;
    return { label, detail: '', info, text: written, cursor: written.length, more: false };
  };
  const fields = fieldsOf(collectionsOf(root, place.path, knowledge));
  return {
    from, to: offset + rest.length,
    options: [
      ...inputsOf(text, root).map((name) => make(`INPUT.${name}`, 'An input of the execution')),
      make('INPUT.query', 'An input of the execution'),
      ...fields.slice(0, 200).map((name) => make(`DOC.${name}`, 'A field of the document, where the stage looks at one')),
      make('CONTEXT.execution_id', 'The id of the execution'),
    ].filter(({ label }, i, all) => all.findIndex((one) => one.label === label) === i),
  };
}

/** What may be written at a place of the text. */
export function complete(text: string, offset: number, knowledge: Knowledge): Completion | null {
  const { root } = parseJson(text);
  const place = placeAt(text, root, offset);
  if (!place) return null;
  if (place.where === 'value') {
    const templates = templateCompletion(text, root, offset, place, knowledge);
    if (templates) return templates;
  }
  const schemas = schemasAt(root, place.path, knowledge);
  if (place.where === 'name') {
    const taken = new Set(place.holder?.members.filter(({ from }) => from !== place.from).map(({ key }) => key));
    const required = new Set(schemas.flatMap((one) => one.required ?? []));
    const options: Option[] = [];
    for (const [name, schema] of merged(schemas)) {
      if (taken.has(name)) continue;
      options.push(nameOption(name, expand(schema, knowledge.schemas), place, required.has(name)));
    }
    options.sort((a, b) => Number(b.detail.includes('required')) - Number(a.detail.includes('required')));
    if (place.path[0] !== 'inputs' && isFilter(place.path) && !taken.has('field')) {
      for (const name of fieldsOf(collectionsOf(root, place.path, knowledge))) {
        options.push({ ...nameOption(name, [{}], place, false), detail: 'field', info: 'Documents in which this field has the value' });
      }
    }
    const inSchema = place.path.length === 1 && place.path[0] === 'input_schema';
    if (inSchema) for (const name of inputsOf(text, root)) if (!taken.has(name)) options.push(nameOption(name, [{ type: 'object', description: 'An input that templates name' }], place, false));
    return options.length > 0 ? { from: place.from, to: place.to, options } : null;
  }

  const last = place.path.at(-1);
  const name = typeof last === 'number' ? place.path.at(-2) : last;
  const { type, choices, description, schema } = summary(schemas);
  const collections = collectionsOf(root, place.path, knowledge);
  const options: Option[] = [];
  if (name === 'stage_id' || (name === 'type' && place.path.length === 3 && place.path[0] === 'stages')) {
    options.push(...knowledge.stages.map((one) => valueOption(one.stage_id, one.description, one.category)));
  } else if (name === 'collection_identifiers') {
    const one = knowledge.collections.map((each) => valueOption(each.name, `${each.fields.length} fields known: ${each.fields.slice(0, 12).join(', ')}`, 'collection'));
    options.push(...(typeof last === 'number' ? one : one.map((each) => ({ ...each, text: `[${each.text}]`, cursor: each.text.length + 2 }))));
  } else if (name === 'feature_uri' || name === 'feature_uris') {
    for (const one of collections) options.push(...one.features.map((uri) => valueOption(uri, `A feature of ${one.name}`, 'feature')));
  } else if (isPathName(name, description)) {
    options.push(...fieldsOf(collections).map((field) => valueOption(field, 'A field of the documents', 'field')));
    if (name === 'score_field') options.unshift(valueOption('score', 'The score that a search gave'));
  } else {
    options.push(...choices.map((one) => valueOption(one, description)));
    if (type === 'boolean') options.push(valueOption(true, description), valueOption(false, description));
    if (options.length === 0 && schema.default !== undefined && schema.default !== null) options.push(valueOption(schema.default, description, 'unless said'));
  }
  if (name === 'query' || name === 'value') {
    options.push(...inputsOf(text, root).map((input) => valueOption(`{{INPUT.${input}}}`, 'An input of the execution', 'template')));
    if (name === 'query' && !options.some(({ label }) => label === '{{INPUT.query}}')) options.push(valueOption('{{INPUT.query}}', 'An input of the execution', 'template'));
  }
  if (options.length === 0 && text[place.from] !== '"' && place.from === place.to) {
    if (type.startsWith('object') || isFilter(place.path)) options.push({ label: '{ }', detail: 'object', info: description, text: '{}', cursor: 1, more: true });
    else if (type.startsWith('array')) options.push({ label: '[ ]', detail: 'list', info: description, text: '[]', cursor: 1, more: true });
    else if (type.startsWith('string')) options.push({ label: '""', detail: 'text', info: description, text: '""', cursor: 1, more: true });
  }
  const unique = options.filter(({ label }, i) => options.findIndex((one) => one.label === label) === i);
  return unique.length > 0 ? { from: place.from, to: place.to, options: unique } : null;
}

/** What the name or value at a place means. */
export function explain(text: string, offset: number, knowledge: Knowledge): { from: number; to: number; title: string; lines: string[] } | null {
  const { root } = parseJson(text);
  const around = pathAround(root, offset);
  if (!around || around.path.length === 0) return null;
  const { path, from, to } = around;
  const name = path.at(-1);
  const value = nodeAt(root, path)?.value;
  if (name === 'stage_id' || (name === 'type' && path.length === 3)) {
    const stage = knowledge.stages.find((one) => one.stage_id === value);
    if (stage) return { from, to, title: stage.stage_id, lines: [stage.description] };
  }
  const collection = path.includes('collection_identifiers') ? knowledge.collections.find((one) => one.name === value) : undefined;
  if (collection) return { from, to, title: collection.name, lines: [`A collection. Fields: ${collection.fields.slice(0, 30).join(', ')}.`] };
  const schemas = schemasAt(root, path, knowledge);
  if (schemas.length === 0) return null;
  const { type, description, choices, schema } = summary(schemas);
  const lines = [description, bounds(schema), choices.length > 0 ? `One of ${choices.map(String).join(', ')}.` : ''].filter(Boolean);
  return lines.length === 0 ? null : { from, to, title: [String(name), type].filter(Boolean).join(': '), lines };
}

function nearest(name: string, known: string[]): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const one of known) {
    let row = Array.from({ length: one.length + 1 }, (_, i) => i);
    for (let i = 1; i <= name.length; ++i) {
      const next = [i];
      for (let j = 1; j <= one.length; ++j) next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (name[i - 1] === one[j - 1] ? 0 : 1)));
      row = next;
    }
    if (row[one.length]! < least) [best, least] = [one, row[one.length]!];
  }
  return best;
}

const quote = (text: string) => `“${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`;

/**
 * What is wrong for certain (errors: the server would refuse it) or likely (warnings: names that
 * the server would ignore). The server's own word, when it runs, is what counts.
 */
export function check(text: string, knowledge: Knowledge): Mark[] {
  const { root, problems } = parseJson(text);
  const marks: Mark[] = problems.map((one) => ({ ...one, severity: 'error' }));
  if (root && root.kind !== 'object') marks.push({ from: root.from, to: root.to, severity: 'error', message: 'A pipeline is a JSON object.' });
  if (knowledge.stages.length > 0 && text.length <= CHECKED_MAX) look(root, [], root, knowledge, marks);
  return marks.slice(0, 100);
}

function look(node: JsonNode | null, path: Path, root: JsonNode | null, knowledge: Knowledge, marks: Mark[]): void {
  if (!node || path.length > 24) return;
  if (node.kind === 'string') return lookAtText(node, path, knowledge, marks);
  node.items.forEach((item, i) => look(item.value, [...path, i], root, knowledge, marks));
  if (node.kind !== 'object') return;
  const schemas = schemasAt(root, path, knowledge).filter((one) => one.properties);
  const known = merged(schemas);
  const isOpen = known.size === 0 || schemas.some((one) => one.additionalProperties && typeof one.additionalProperties !== 'object') || isFilter(path) ||
    (path.length === 2 && path[0] === 'stages' && node.members.some(({ key }) => key === 'type'));
  // Other names that a parameter is read by stand in the descriptions.
  const said = isOpen ? '' : JSON.stringify(schemas);
  for (const member of node.members) {
    if (!isOpen && !known.has(member.key) && !FILTERS.has(member.key) && !new RegExp(`\\b${member.key.replace(/\W/g, '.')}\\b`).test(said)) {
      const near = nearest(member.key, [...known.keys()]);
      marks.push({ from: member.from, to: member.to, severity: 'warning', message: `${quote(member.key)} is unknown here${near ? `; did you mean ${quote(near)}?` : '.'}` });
    }
    const twice = node.members.find((one) => one.key === member.key);
    if (twice !== member) marks.push({ from: member.from, to: member.to, severity: 'warning', message: `${quote(member.key)} is here twice.` });
    look(member.value, [...path, member.key], root, knowledge, marks);
  }
}

function lookAtText(node: JsonNode, path: Path, knowledge: Knowledge, marks: Mark[]): void {
  const value = String(node.value);
  const name = path.at(-1);
  const isStage = path[0] === 'stages' && (name === 'stage_id' || (name === 'type' && path.length === 3));
  if (isStage && !knowledge.stages.some((one) => one.stage_id === value)) {
    // Stages have other names, too, which only the description of the API lists.
    const others = expand(knowledge.schemas.StageId, knowledge.schemas).flatMap((one) => one.enum ?? []);
    if (others.includes(value)) return;
    const near = nearest(value, knowledge.stages.map((one) => one.stage_id));
    marks.push({ from: node.from, to: node.to, severity: 'error', message: `${quote(value)} is no stage of this server${near ? `; did you mean ${quote(near)}?` : '.'}` });
  }
}
