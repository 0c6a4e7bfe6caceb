// The record as the server sends it.
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { getRecordText } from '../../api/record';
import { CopyButton } from '../../parts/copy';
import { Lines } from '../../parts/lines';
import { ErrorBox, Skeleton } from '../../parts/states';
import { bytes, count } from '../../state/format';
import { useLoad } from '../../state/load';
import { route } from '../../state/route';
import { isRunning, recordedOf, type Run } from '../../state/run';

const MANY = 20_000; // Candidates of about 2 MB: more, only on demand.

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function Raw({ run }: { run: Run }): VNode {
  const candidates = run.stages.reduce((sum, stage) => sum + recordedOf(stage), 0);
  const [isWanted, want] = useState(candidates <= MANY);
  const { data, error, isOld, reload } = useLoad(isWanted ? `${route.value.namespace}/${run.execution_id}/${isRunning(run)}` : null, (signal) => getRecordText(run.execution_id, signal));
  const text = useMemo(() => (data === null ? '' : JSON.stringify(JSON.parse(data), null, 2)), [data]);
  const lines = useMemo(() => text.split('\n'), [text]);
  if (!isWanted) {
    return <p>The record has {count(candidates)} candidates. <button type="button" onClick={() => want(true)}>Show it</button></p>;
  }
  if (error) return <ErrorBox error={error} onRetry={reload} />;
  if (data === null || isOld) return <Skeleton lines={12} />;
  return (
    <>
      <div class="line">
        <CopyButton label="Copy JSON" text={text} />
        <button type="button" onClick={() => save(`${run.execution_id}.json`, text)}>Save</button>
        <span class="soft">{bytes(text.length)}</span>
      </div>
      <Lines lines={lines} label="The record as JSON" />
    </>);
}
