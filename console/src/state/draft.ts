// What one is writing in the playground, kept in this browser for each namespace, and the runs of
// this tab.
import type { ExecutionDetail } from '../api/schema';
import { exactDigits, parseExact, stringifyExact } from './json_exact';

export interface Recorded {
  text: string;
  inputs: Record<string, unknown>;
  versions: Record<string, number>; // Of the collections that were searched, by id.
  shape: string | null;
  fingerprint: string | null;
}

export interface Draft {
  text: string; // The pipeline, as JSON that may not be finished.
  inputs: Record<string, unknown>;
  from: string | null; // The execution that it began as.
  recorded: Recorded | null; // That one, as it was recorded.
  label: string; // "name=value", or nothing.
  skipCache: boolean;
  asOfThen: boolean; // Over the documents that the execution saw.
  past?: unknown; // The editor's undo history; or `{over: text}`, the text that this one replaced.
}

const EMPTY: Draft = { text: '', inputs: {}, from: null, recorded: null, label: '', skipCache: false, asOfThen: false };
const PAST_MAX = 200_000; // Characters of undo history that are kept.

const nameOf = (namespace: string) => `trawl.play.${namespace}`;

function keptIn(storage: Storage, name: string): unknown {
  try {
    return parseExact(storage.getItem(name) ?? 'null');
  } catch {
    return null; // Damaged, or storage is switched off.
  }
}

function keepIn(storage: Storage, name: string, value: unknown): void {
  try {
    storage.setItem(name, stringifyExact(value));
  } catch {
    // Kept in this page alone: storage is full or switched off.
  }
}

export function loadDraft(namespace: string): Draft | null {
  const kept = keptIn(localStorage, nameOf(namespace)) as Partial<Draft> | null;
  if (!kept || typeof kept.text !== 'string') return null;
  const inputs = kept.inputs !== null && typeof kept.inputs === 'object' && !Array.isArray(kept.inputs) ? kept.inputs : {};
  return { ...EMPTY, ...kept, inputs };
}

export function saveDraft(namespace: string, draft: Draft): void {
  const { past, ...rest } = draft;
  const isSmall = past !== undefined && JSON.stringify(past).length <= PAST_MAX;
  keepIn(localStorage, nameOf(namespace), isSmall ? draft : rest);
}

/** A first pipeline to change: a search over a collection, cut to ten. */
export function starter(collection: string | null, feature: string | null): Draft {
  const search = { ...(feature ? { feature_uri: feature } : {}), query: '{{INPUT.query}}', top_k: 100 };
  return {
    ...EMPTY, inputs: {},
    text: pretty({
      collection_identifiers: collection ? [collection] : [],
      stages: [
        { stage_name: 'search', config: { stage_id: 'feature_search', parameters: { searches: [search], final_top_k: 100 } } },
        { stage_name: 'first_ten', config: { stage_id: 'limit', parameters: { limit: 10 } } },
      ],
    }),
  };
}

/** What an execution ran, to run it again; a text that says why where that is not known. */
export function draftOf(record: ExecutionDetail, pipeline: unknown = record.pipeline): Draft | string {
  if (pipeline === null || typeof pipeline !== 'object') {
    return `The pipeline of ${record.execution_id} was not recorded: it was recorded as “summary”, or is older than pipelines are in records.`;
  }
  let inputs: Record<string, unknown> = {};
  try {
    const read = parseExact(record.inputs ?? '{}');
    if (read !== null && typeof read === 'object' && !Array.isArray(read)) inputs = read as Record<string, unknown>;
  } catch {
    // Not recorded as JSON: none.
  }
  const versions = Object.fromEntries(((record.collection_versions ?? []) as { collection_id: string; version: number }[])
    .map((one) => [one.collection_id, one.version]));
  const recorded: Recorded = { text: pretty(written(record.pipeline ?? pipeline)), inputs, versions, shape: record.shape, fingerprint: record.fingerprint };
  return { ...EMPTY, text: pretty(written(pipeline)), inputs, from: record.execution_id, recorded };
}

// The pipeline as a person would write it: names before what they name, and nothing that says nothing
// (the type of a stage follows from its id).
function written(pipeline: unknown): unknown {
  const { collection_identifiers, input_schema, stages, ...rest } = pipeline as Record<string, unknown>;
  const isEmpty = input_schema !== null && typeof input_schema === 'object' && Object.keys(input_schema).length === 0;
  return {
    ...(collection_identifiers === undefined ? {} : { collection_identifiers }),
    ...(input_schema === undefined || isEmpty ? {} : { input_schema }),
    ...rest,
    stages: Array.isArray(stages) ? stages.map(writtenStage) : stages,
  };
}

function writtenStage(stage: unknown): unknown {
  if (stage === null || typeof stage !== 'object') return stage;
  const { stage_name, stage_type: _, config, ...rest } = stage as Record<string, unknown>;
  if (config === null || typeof config !== 'object') return stage;
  const { stage_id, parameters, ...others } = config as Record<string, unknown>;
  return {
    ...(stage_name === undefined ? {} : { stage_name }),
    ...rest,
    config: { stage_id, ...(parameters === undefined ? {} : { parameters }), ...others },
  };
}

// On one line: spaces within the brackets of objects, none within those of lists.
function flat(value: unknown): string {
  if (value === null || typeof value !== 'object') return exactDigits(value) ?? JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(flat).join(', ')}]`;
  const members = Object.entries(value).filter(([, item]) => item !== undefined).map(([name, item]) => `${JSON.stringify(name)}: ${flat(item)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

const isTree = (value: unknown): value is object => value !== null && typeof value === 'object';

/** JSON for people: what fits and is no more than two levels deep stands on one line. */
export function pretty(value: unknown, indent = ''): string {
  if (!isTree(value)) return flat(value);
  const isDeep = Object.values(value).some((one) => isTree(one) && Object.values(one).some(isTree));
  if (!isDeep && indent !== '') {
    const line = flat(value);
    if (indent.length + line.length <= 64) return line;
  }
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((item) => `${inner}${pretty(item, inner)}`)
    : Object.entries(value).filter(([, item]) => item !== undefined).map(([name, item]) => `${inner}${JSON.stringify(name)}: ${pretty(item, inner)}`);
  const [open, shut] = Array.isArray(value) ? '[]' : '{}';
  return lines.length === 0 ? `${open}${shut}` : `${open}\n${lines.join(',\n')}\n${indent}${shut}`;
}

/** A run of this tab. */
export interface SessionRun {
  number: number; // From 1.
  execution_id: string;
  status: string;
  at: number;
  took_ms: number;
  credits: number;
  found: number;
  first: string[]; // Collection and document of the first ten.
  from: string | null;
  text: string;
  inputs: Record<string, unknown>;
}

const RUNS_MAX = 30;
const runsName = (namespace: string) => `trawl.play.runs.${namespace}`;

export function loadRuns(namespace: string): SessionRun[] {
  const kept = keptIn(sessionStorage, runsName(namespace));
  return Array.isArray(kept) ? (kept as SessionRun[]) : [];
}

export function saveRuns(namespace: string, runs: SessionRun[]): SessionRun[] {
  const kept = runs.slice(-RUNS_MAX);
  keepIn(sessionStorage, runsName(namespace), kept);
  return kept;
}

/** Which share of the first ten of one run the other has among its own; null where both have none. */
export function likeness(first: readonly string[], other: readonly string[]): number | null {
  const most = Math.max(first.length, other.length);
  return most === 0 ? null : other.filter((one) => first.includes(one)).length / most;
}

/** "name=value" as labels; a text that says what is wrong with it. */
export function labelsOf(text: string): Record<string, string> | string {
  if (text.trim() === '') return {};
  const labels: Record<string, string> = {};
  for (const one of text.split(',')) {
    const [, name, value] = /^\s*([A-Za-z0-9_.-]{1,64})\s*=(.*)$/s.exec(one) ?? [];
    if (name === undefined) return 'A label is written name=value, several with commas between them.';
    labels[name] = value!.trim();
  }
  return labels;
}
