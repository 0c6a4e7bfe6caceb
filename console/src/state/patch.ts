// A comparison's changes as a JSON patch (RFC 6902), to try the same on other executions.
import type { JsonChanges, ReplayRequest } from '../api/schema';
import { parseExact, stringifyExact } from './json_exact';

export type Patch = NonNullable<ReplayRequest['set']>;

const lastIndex = (path: string) => Number(/\/(\d+)$/.exec(path)?.[1] ?? -1);

/**
 * What makes the first pipeline the second. Whole stages that are only in one of them are counted
 * as that one counts them, so the patch then sets all stages: `stages`, those of the second.
 */
export function patchOf(changes: NonNullable<JsonChanges>, stages: unknown): Patch {
  if (changes.some(({ path }) => path === '' || path === '/stages' || /^\/stages\/\d+$/.test(path))) {
    return [{ op: 'replace', path: '/stages', value: stages }];
  }
  const replaced: Patch = [];
  const removed: Patch = [];
  const added: Patch = [];
  for (const change of changes) {
    if ('before' in change && 'after' in change) replaced.push({ op: 'replace', path: change.path, value: change.after });
    else if ('before' in change) removed.push({ op: 'remove', path: change.path });
    else added.push({ op: 'add', path: change.path, value: change.after });
  }
  // Of a list, the last goes first and the first comes first, so that no index is moved by another.
  removed.sort((a, b) => lastIndex(b.path) - lastIndex(a.path));
  added.sort((a, b) => lastIndex(a.path) - lastIndex(b.path));
  return [...replaced, ...removed, ...added];
}

/** A patch as it is in the address; null where it is none. */
export function patchIn(text: string | null): Patch | null {
  if (!text) return null;
  try {
    const value = parseExact(text);
    const isPatch = Array.isArray(value) && value.length > 0 && value.every((one) => one !== null && typeof one === 'object' && 'op' in one && 'path' in one);
    return isPatch ? (value as Patch) : null;
  } catch {
    return null;
  }
}

/** One step in words: "stages/1/config/parameters/limit = 5". */
export function stepText(step: Record<string, unknown>): string {
  const path = String(step.path ?? '').replace(/^\//, '').replace(/^stages\/(\d+)\/(config\/parameters\/)?/, 'stage $1: ').replaceAll('/', ' › ');
  switch (step.op) {
    case 'remove': return `${path} removed`;
    case 'move':
    case 'copy': return `${path} ${step.op === 'move' ? 'moved' : 'copied'} from ${String(step.from)}`;
    case 'test': return `${path} has to be ${stringifyExact(step.value)}`;
    default: return `${path} = ${stringifyExact(step.value)}`;
  }
}
