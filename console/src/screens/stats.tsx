// The figures of a namespace: how many runs, how many failed or found nothing, how long they took,
// what they cost, over time and divided by what one chooses. Each number leads to its executions.
import type { VNode } from 'preact';
import { useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { aggregateExecutions } from '../api/executions';
import type { ExecutionAggregate } from '../api/schema';
import { Lazy } from '../parts/lazy';
import { Empty, ErrorBox, Note, Skeleton } from '../parts/states';
import { useCollectionNames } from '../state/collection_names';
import { COMPARISONS, rangeOf, shiftOf, type Comparison } from '../state/figures';
import { useLoad } from '../state/load';
import { preferences } from '../state/preferences';
import { go, href, route, withParams } from '../state/route';
import { BUCKETS, goConditions, readStatsPlace } from '../state/stats_place';
import { FilterBar } from './executions/filter_bar';
import { TimeRange } from './executions/time_range';
import { Charts } from './stats/charts';
import { Groups } from './stats/groups';
import { Headline } from './stats/headline';
import { Stages } from './stats/stages';
import { Slowest } from './stats/slowest';
import { StandsOut } from './stats/stands_out';

const PATIENT_MS = 60_000;

/** Where days begin, as the server takes it. */
function timeZone(): string {
  return preferences.value.timeZone === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** An answer and when it was given: ranges such as "the last day" end there. */
export interface Answer {
  figures: ExecutionAggregate;
  range: { from: number; to: number };
}

export default function Stats(): VNode {
  const { namespace, params } = route.value;
  const place = useMemo(() => readStatsPlace(params, namespace), [params, namespace]);
  const { conditions, by, sort, against, bucket } = place;
  const [round, setRound] = useState(0);
  const [isPatient, setPatient] = useState(false);
  const [hasAdvanced, showAdvanced] = useState(false);
  const nameOf = useCollectionNames(true);

  // The range that holds by default is said in the address, so that reload and a link give the same.
  useLayoutEffect(() => {
    if (!params.has('start_time') && !params.has('end_time')) go(withParams({ start_time: String(conditions.start_time ?? '') }), 'replace');
  }, [params]);

  const patience = isPatient ? { budget_ms: PATIENT_MS } : {};
  const body = { ...conditions, ...patience };
  const question = JSON.stringify([namespace, body, round]);
  const answer = useLoad(`${question} ${bucket}`, async (signal): Promise<Answer> => {
    const figures = await aggregateExecutions({ ...body, bucket: bucket as 'auto', time_zone: timeZone() }, signal);
    return { figures, range: rangeOf(figures, Date.now()) };
  });
  const data = answer.data;
  const before = useLoad(against !== null && data && !answer.isOld ? `${question} ${data.figures.bucket} ${against}` : null, async (signal) => {
    const shift = shiftOf(against!, data!.range);
    const instant = (ms: number) => new Date(ms - shift).toISOString();
    const figures = await aggregateExecutions({
      ...body, start_time: instant(data!.range.from), end_time: instant(data!.range.to), bucket: data!.figures.bucket, time_zone: timeZone(),
    }, signal);
    return { figures, shift };
  });
  // What is below is asked for when what is above is there.
  const groups = useLoad(data ? `${question} ${by}` : null, (signal) => aggregateExecutions({ ...body, bucket: 'none', group_by: by }, signal));

  const isPartial = data?.figures.partial === true || groups.data?.partial === true;
  const compared = against !== null && before.data && !before.isOld ? before.data : null;
  const isEmpty = data !== null && !answer.isOld && data.figures.total.count === 0;
  return (
    <div class="stats">
      <div class="list-bar">
        <FilterBar conditions={conditions} error={answer.error?.status === 422 || answer.error?.status === 404 ? answer.error : null} nameOf={nameOf}
          onChange={goConditions} onAdvanced={() => showAdvanced(true)} />
        <TimeRange conditions={conditions} filter={data && !answer.isOld ? data.figures.filter : null} onChange={goConditions} />
        <button type="button" class="icon" aria-label="Ask again" title="Ask again" onClick={() => setRound(round + 1)}>⟳</button>
      </div>
      <div class="line">
        <h1>Stats</h1>
        <span class="spring" />
        <label class="line">Compare with
          <select value={against ?? ''} onChange={(event) => go(withParams({ vs: event.currentTarget.value || null }))}>
            <option value="">nothing</option>
            {(Object.keys(COMPARISONS) as Comparison[]).map((name) => <option key={name} value={name}>{COMPARISONS[name]}</option>)}
          </select>
        </label>
        <label class="line">Each bar
          <select value={bucket} onChange={(event) => go(withParams({ bucket: event.currentTarget.value === 'auto' ? null : event.currentTarget.value }))}>
            {BUCKETS.map((name) => <option key={name} value={name}>{name === 'auto' ? `fitting${data && bucket === 'auto' ? ` (${data.figures.bucket})` : ''}` : `a ${name}`.replace('a hour', 'an hour')}</option>)}
          </select>
        </label>
      </div>
      {place.ignored.length > 0 && <Note kind="warning">{place.ignored.map((one) => <p key={one}><bdi>{one}</bdi></p>)}</Note>}
      {isPartial && (
        <Note kind="warning">Counted in part: the time for it ran out before all executions were read.{' '}
          {!isPatient && <button type="button" onClick={() => setPatient(true)}>Take up to a minute</button>}</Note>)}
      {data?.figures.warnings?.map((warning) => <Note kind="warning" key={warning}>{warning}</Note>)}
      {answer.error && <ErrorBox error={answer.error} onRetry={answer.reload} />}
      {before.error && <ErrorBox error={before.error} onRetry={before.reload} />}
      {!data && !answer.error && <Skeleton lines={14} label="Loading figures" />}
      {isEmpty && (
        <Empty title="No executions here">
          <div class="line">
            {Object.keys(conditions).some((name) => name !== 'start_time' && name !== 'end_time')
              ? <button type="button" onClick={() => goConditions({ ...(conditions.start_time ? { start_time: conditions.start_time } : {}), ...(conditions.end_time ? { end_time: conditions.end_time } : {}) })}>Without the filter</button>
              : <a class="button" href={href(namespace, 'play')}>Run something in the playground</a>}
            {conditions.start_time !== undefined && <button type="button" onClick={() => goConditions({ ...conditions, start_time: undefined, end_time: undefined } as never)}>All time</button>}
          </div>
        </Empty>)}
      {data && !isEmpty && (
        <div class={answer.isOld ? 'stack is-old' : 'stack'}>
          <Headline total={data.figures.total} before={compared?.figures.total ?? null} conditions={conditions} isPartial={data.figures.partial === true} />
          <StandsOut question={question} conditions={conditions} patience={patience} total={data.figures.total} groups={by === 'shape' && !groups.isOld ? groups.data : null} />
          <Charts answer={data} before={compared} conditions={conditions} onConditions={goConditions} />
          <Groups by={by} sort={sort} groups={groups} conditions={conditions} total={data.figures.total} nameOf={nameOf} />
          <Stages question={question} conditions={conditions} from={data.range.from} />
          <Slowest question={question} conditions={conditions} />
        </div>)}
      {hasAdvanced && <Lazy load={() => import('./executions/advanced').then((module) => module.Advanced)}
        props={{ conditions, onChange: goConditions, onClose: () => showAdvanced(false) }} />}
    </div>);
}
