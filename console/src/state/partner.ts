// Which execution a word means: `latest`, `latest~2`, or the one before another of the same shape or
// the same inputs.
import { getExecution, listExecutions } from '../api/executions';

export const BEFORE_OF_SHAPE = 'before:shape';
export const BEFORE_OF_INPUTS = 'before:inputs';

const isWord = (text: string) => /^latest(~\d{1,4})?$/.test(text) || text === BEFORE_OF_SHAPE || text === BEFORE_OF_INPUTS;

/** Whether this has to be looked up before it can be compared with. */
export function isRelative(text: string): boolean {
  return isWord(text);
}

/** The id that a word means; `of` is the execution that it is relative to. Throws an Error that says why there is none. */
export async function resolveExecution(text: string, of: string | null, signal?: AbortSignal): Promise<string> {
  if (!isWord(text)) return text;
  if (text.startsWith('latest')) {
    const back = Number(text.split('~')[1] ?? 0);
    // The latest but the one that it is compared with.
    const page = await listExecutions({ fields: ['execution_id'] }, { limit: 1 + (of ? 1 : 0), offset: back }, signal);
    const id = page.results.map((row) => row.execution_id).find((one) => one !== of);
    if (!id) throw new Error(`There is no execution “${text}” besides: the history of this namespace is too short.`);
    return id;
  }
  if (of === null) throw new Error(`“${text}” is relative to another execution; name that first.`);
  const base = await getExecution(of, {}, signal);
  const byShape = text === BEFORE_OF_SHAPE;
  const value = byShape ? base.shape : base.inputs_hash;
  if (!value) throw new Error(`The record of ${of} has no ${byShape ? 'shape' : 'inputs'}, so none like it can be found.`);
  const page = await listExecutions(
    { [byShape ? 'shape' : 'inputs_hash']: value, end_time: base.timestamp, fields: ['execution_id', 'timestamp'] }, { limit: 5 }, signal);
  const id = page.results.map((row) => row.execution_id).find((one) => one !== of);
  if (!id) throw new Error(`No earlier execution has ${byShape ? 'the shape of this pipeline' : 'these inputs'}.`);
  return id;
}
