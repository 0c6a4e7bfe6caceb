// The stages of a run, each where it lies in time, with what went in and came out.
import type { VNode } from 'preact';
import type { Autopsy } from '../../api/schema';
import { count, duration, score } from '../../state/format';
import { emptiedAt, isRunning, writtenStages, type Run } from '../../state/run';
import { timesUsual, waterfall } from '../../state/waterfall';
import { timesText } from './usual';

export function Waterfall({ run, autopsy, chosen, onSelect }: {
  run: Run; autopsy: Autopsy | undefined; chosen: number; onSelect: (stage: number) => void;
}): VNode {
  const { whole, bars } = waterfall(run.stages, isRunning(run) ? 0 : run.duration_ms);
  const emptied = emptiedAt(run);
  const left = writtenStages(run).slice(run.stages.length);
  if (run.stages.length === 0) {
    return <p class="soft">{isRunning(run) ? 'No stage has ended yet.' : run.stages_completed > 0 ? 'The record does not have its stages.' : 'No stage ran.'}</p>;
  }
  return (
    <div class="waterfall">
      <ol aria-label="Stages">
        {run.stages.map((stage, i) => {
          const usual = autopsy?.stages[i]?.duration_ms.p50;
          const times = timesUsual(stage.duration_ms, usual);
          const failed = !!stage.error;
          const kind = failed ? 'bad' : i === emptied ? 'empty' : 'good';
          return (
            <li key={i}>
              <button type="button" class={`stage-row is-${kind}`} aria-pressed={i === chosen} onClick={() => onSelect(i)}>
                <span class="stage-name"><bdi>{stage.stage_name}</bdi> <span class="soft"><bdi>{stage.stage_id}</bdi></span></span>
                <span class="stage-track" aria-hidden="true">
                  <span class="stage-bar" style={{ left: `${100 * bars[i]!.left}%`, width: `max(3px, ${100 * bars[i]!.width}%)` }} />
                </span>
                <span class="stage-counts"><span class="off-screen">, </span>{count(stage.input_count)} → {count(stage.output_count)}</span>
                <span class="stage-time">{duration(stage.duration_ms)}</span>
                <span class="stage-notes">
                  {failed && <span class="bad"><span aria-hidden="true">✕ </span>failed here</span>}
                  {!failed && i === emptied && <span class="warn"><span aria-hidden="true">○ </span>{i === 0 ? 'nothing was found' : 'everything was lost here'}</span>}
                  {stage.cache_hit && <span class="soft">from the cache</span>}
                  {times !== null && <span class={times > 1 ? 'warn' : 'soft'}>usually {duration(usual)}: {timesText(times)}</span>}
                  {stage.warnings.length > 0 && <span class="warn"><span aria-hidden="true">! </span>{count(stage.warnings.length)} {stage.warnings.length === 1 ? 'warning' : 'warnings'}</span>}
                </span>
              </button>
            </li>);
        })}
        {left.map((stage, i) => (
          <li key={`left-${i}`} class="stage-row is-left">
            <span class="stage-name"><bdi>{stage.stage_name}</bdi> <span class="soft"><bdi>{stage.stage_id}</bdi></span></span>
            <span class="soft">{isRunning(run) ? 'not yet' : 'did not run'}</span>
          </li>))}
      </ol>
      <p class="soft stage-foot">
        {whole > 0 && <>0 to {duration(whole)}</>}
        {autopsy && autopsy.peers >= 5 && <> · beside {count(autopsy.peers)} others of this shape in the week before</>}
        {run.credits_used > 0 && <> · {score(run.credits_used)} {run.credits_used === 1 ? 'credit' : 'credits'}</>}
      </p>
    </div>);
}
