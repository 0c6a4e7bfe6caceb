// A pipeline by the names of its stages, as one of its runs shows them: a shape is only a hash.
import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { listExecutions } from '../../api/executions';
import { route } from '../../state/route';
import { key } from '../../state/session';

interface Pipeline {
  stages?: { stage_name?: string; config?: { stage_id?: string } }[];
}

// By namespace, key and shape: nothing that one namespace said is shown in another.
const known = signal<ReadonlyMap<string, string[] | null>>(new Map());
const asked = new Set<string>();
const waiting: (() => Promise<void>)[] = [];
let running = 0;

function next(): void {
  const work = waiting.shift();
  if (!work) return;
  ++running;
  void work().finally(() => {
    --running;
    next();
  });
}

async function ask(id: string, shape: string, namespace: string): Promise<void> {
  if (route.value.namespace !== namespace) {
    asked.delete(id); // One has gone elsewhere meanwhile, and calls are about the namespace of the page.
    return;
  }
  try {
    const page = await listExecutions({ shape, fields: ['execution_id', 'pipeline'] }, { limit: 1 });
    const stages = (page.results[0]?.pipeline as Pipeline | null | undefined)?.stages;
    known.value = new Map(known.value).set(id, stages?.map((stage) => stage.stage_name ?? stage.config?.stage_id ?? '?') ?? null);
  } catch {
    asked.delete(id); // Asked again when it is drawn again.
  }
}

/** The names of a shape's stages; null until they are known, and where no record has them. */
export function useChain(shape: string | null): string[] | null {
  const { namespace } = route.value;
  const id = JSON.stringify([namespace, key.value, shape]);
  useEffect(() => {
    if (shape === null || asked.has(id)) return;
    asked.add(id);
    waiting.push(() => ask(id, shape, namespace));
    if (running < 3) next();
  }, [id]);
  return shape === null ? null : known.value.get(id) ?? null;
}

export function Chain({ shape }: { shape: string | null }): VNode {
  const names = useChain(shape);
  if (shape === null) return <span class="soft">no pipeline recorded</span>;
  return (
    <span title={shape}>
      {names === null ? null : names.length === 0 ? 'no stages ' : <><bdi>{names.join(' › ')}</bdi> </>}
      <span class="soft mono">{shape.slice(0, 6)}</span>
    </span>);
}
