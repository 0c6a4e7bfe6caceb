// What the run did: its stages in time, and one of them in full.
import type { VNode } from 'preact';
import { useShortcuts } from '../../state/keyboard';
import { getAutopsy } from '../../api/record';
import { Note } from '../../parts/states';
import { useLoad } from '../../state/load';
import { go, route, withParams } from '../../state/route';
import { isRunning, stageOfInterest, type Run } from '../../state/run';
import { Stage } from './stage';
import { Waterfall } from './waterfall';
import { WhyField } from './why_field';

export function Flow({ run }: { run: Run }): VNode {
  const asked = Number(route.value.params.get('stage') ?? NaN);
  const chosen = Number.isInteger(asked) && asked >= 0 && asked < run.stages.length ? asked : stageOfInterest(run);
  const select = (stage: number) => {
    if (stage >= 0 && stage < run.stages.length) go(withParams({ stage: String(stage) }), 'replace');
  };
  useShortcuts([
    { keys: '[', says: 'The stage before', run: () => select(chosen - 1) },
    { keys: ']', says: 'The next stage', run: () => select(chosen + 1) },
  ]);
  const ended = !isRunning(run) && run.shape;
  const { data, isOld } = useLoad(ended ? `${route.value.namespace}/${run.execution_id}` : null, (signal) => getAutopsy(run.execution_id, signal));
  const autopsy = isOld ? undefined : data?.autopsy;
  const stage = run.stages[chosen];
  return (
    <>
      {autopsy && autopsy.peers > 0 && autopsy.unlike !== null && <Note kind="warning">{autopsy.sentence}</Note>}
      <Waterfall run={run} autopsy={autopsy} chosen={chosen} onSelect={select} />
      {stage && <Stage key={`${run.execution_id}/${chosen}`} run={run} index={chosen} />}
      {!isRunning(run) && run.pipeline !== null && <WhyField id={run.execution_id} collections={run.collection_ids ?? []} />}
    </>);
}
