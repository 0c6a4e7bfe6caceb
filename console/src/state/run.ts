// What a record says, in the shapes that the screens draw.
import type { ExecutionDetail, ScoredId, StageRecord } from '../api/schema';

export type Run = Omit<ExecutionDetail, 'stages' | 'results' | 'collection_versions'> & {
  stages: StageRecord[];
  results: ScoredId[];
  collection_versions: { collection_id: string; version: number }[];
  isWhole: boolean; // All candidates are there that the record has.
};

/** A stage as the pipeline has it, before templates are filled in. */
export interface WrittenStage {
  stage_name: string;
  stage_id: string;
  config: Record<string, unknown>;
}

/** The record with its lists there: one that still runs, or was imported, may have none. */
export function runOf(record: ExecutionDetail): Run {
  const stages = ((record.stages ?? []) as Partial<StageRecord>[]).map((stage, i) => ({
    ...stage,
    stage_name: stage.stage_name ?? `stage ${i + 1}`,
    candidates: stage.candidates ?? [], warnings: stage.warnings ?? [], metadata: stage.metadata ?? {},
    start_offset_ms: stage.start_offset_ms ?? 0, duration_ms: stage.duration_ms ?? 0,
    input_count: stage.input_count ?? 0, output_count: stage.output_count ?? 0,
  }) as StageRecord);
  const results = (record.results ?? []) as ScoredId[];
  return {
    ...record, stages, results,
    isWhole: stages.every((stage) => recordedOf(stage) === stage.candidates.length) && (record.results_total ?? results.length) === results.length,
    collection_versions: (record.collection_versions ?? []) as Run['collection_versions'],
  };
}

/** How many candidates of a stage the record has, of which the first may be here. */
export function recordedOf(stage: StageRecord): number {
  return stage.candidates_total ?? stage.candidates.length;
}

export const isRunning = (run: { status: string }): boolean => run.status === 'processing';

/** Whether the recording policy kept the row alone: no pipeline, no inputs, no candidates. */
export function isSummary(run: Pick<Run, 'status' | 'pipeline' | 'inputs'>): boolean {
  return !isRunning(run) && run.pipeline === null && run.inputs === null;
}

/** The inputs as JSON; the text itself where it is none, undefined where nothing was recorded. */
export function inputsOf(run: Pick<Run, 'inputs'>): unknown {
  if (run.inputs === null || run.inputs === undefined) return undefined;
  try {
    return JSON.parse(run.inputs);
  } catch {
    return run.inputs;
  }
}

/** The stages of the pipeline as they were written; empty where it was not recorded. */
export function writtenStages(run: Pick<Run, 'pipeline'>): WrittenStage[] {
  const stages = (run.pipeline as { stages?: unknown } | null)?.stages;
  if (!Array.isArray(stages)) return [];
  return stages.map((stage: Record<string, unknown>, i) => {
    const config = (stage.config ?? {}) as Record<string, unknown>;
    return {
      stage_name: String(stage.stage_name ?? `stage ${i + 1}`),
      stage_id: String(config.stage_id ?? stage.stage_id ?? ''),
      config,
    };
  });
}

/**
 * The stage after which nothing was left though there was something before it, or -1. A first
 * search that finds nothing counts too.
 */
export function emptiedAt(run: Pick<Run, 'stages'>): number {
  return run.stages.findIndex((stage, i) => !stage.error && stage.output_count === 0 && (i === 0 || stage.input_count > 0));
}

/** The stage that one wants to see first: the failed one, that which lost everything, else the last. */
export function stageOfInterest(run: Pick<Run, 'stages' | 'failed_stage' | 'status'>): number {
  const failed = run.stages.findIndex((stage) => stage.error !== null && stage.error !== undefined);
  if (failed >= 0 && run.status !== 'completed') return failed;
  const emptied = emptiedAt(run);
  return emptied >= 0 ? emptied : run.stages.length - 1;
}

/** The version of a collection that the run searched. */
export function versionOf(run: Pick<Run, 'collection_versions'>, collection: string): number | undefined {
  return run.collection_versions.find((one) => one.collection_id === collection)?.version;
}

/** A row that a stage made of documents, in a line: its plain members. */
export function rowText(written: Record<string, unknown> | undefined): string {
  return Object.entries(written ?? {})
    .filter(([, value]) => value === null || typeof value !== 'object')
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(' · ').slice(0, 500);
}
