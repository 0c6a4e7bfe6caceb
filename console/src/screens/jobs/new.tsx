// A new job: which executions, over which documents, with which change.
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { listExecutions } from '../../api/executions';
import { startJob } from '../../api/jobs';
import { Choices, Field } from '../../parts/field';
import { ErrorBox, Note } from '../../parts/states';
import { saidOf, useAction } from '../../state/action';
import { count, longTime, plural } from '../../state/format';
import { stringifyExact } from '../../state/json_exact';
import { conditionsOf, type Conditions } from '../../state/list_filter';
import { parseWritten, written } from '../../state/list_written';
import { useLoad } from '../../state/load';
import { patchIn, stepText } from '../../state/patch';
import { PRESETS, presetLabel } from '../../state/range';
import { go, href, route } from '../../state/route';
import { useWhoAmI, whyNot } from '../../state/whoami';

const NEWEST = 1000;
const PLACE_MAX = 10_000; // A list can be entered at a place up to this one.

const withoutTime = ({ start_time: _, end_time: __, ...rest }: Conditions): Conditions => rest;

export function NewJob(): VNode {
  const { namespace, params } = route.value;
  const given = useMemo(() => conditionsOf(params), []);
  const [which, setWhich] = useState(written(withoutTime(given.conditions)));
  const [start, setStart] = useState(String(given.conditions.start_time ?? ''));
  const [newest, setNewest] = useState(String(NEWEST));
  const [asOf, setAsOf] = useState<'then' | 'now' | 'time'>('then');
  const [time, setTime] = useState('');
  const [change, setChange] = useState(() => { const set = params.get('set'); const patch = patchIn(set); return patch ? stringifyExact(patch, 2) : set ?? ''; });
  const [externals, setExternals] = useState<'recorded' | 'live' | 'fail'>('recorded');
  const [record, setRecord] = useState(false);
  const refusal = whyNot(useWhoAmI(), 'read');

  const { conditions: typed, problems } = useMemo(() => parseWritten(which), [which]);
  const conditions: Conditions = {
    ...typed, ...(start === '' ? {} : { start_time: start }), ...(given.conditions.end_time === undefined ? {} : { end_time: given.conditions.end_time }) };
  const most = newest.trim() === '' ? null : Number(newest);
  const isBadNumber = most !== null && !(Number.isInteger(most) && most >= 1 && most <= PLACE_MAX);
  const matching = useLoad(problems.length > 0 ? null : JSON.stringify(conditions), (signal) => listExecutions({ ...conditions, count_only: true }, {}, signal));
  const total = matching.data && !matching.isOld ? matching.data.total : null;
  const isTooMany = total !== null && most !== null && !isBadNumber && total > most;
  // The newest of many are those since the oldest of them.
  const oldest = useLoad(isTooMany ? JSON.stringify([conditions, most]) : null, (signal) => listExecutions({ ...conditions, fields: ['timestamp'] }, { limit: 1, offset: most! - 1 }, signal));
  const since = isTooMany ? (oldest.isOld ? undefined : oldest.data?.results[0]?.timestamp) : null;

  const patch = useMemo(() => patchIn(change), [change]);
  const isBadPatch = change.trim() !== '' && patch === null;
  const start_ = useAction(async () => {
    const job = await startJob(stringifyExact({
      executions: { ...conditions, ...(since ? { start_time: since } : {}) }, as_of: asOf === 'time' ? time : asOf, externals, record, ...(patch ? { set: patch } : {}),
    }));
    go(href(namespace, 'jobs', [job.job_id]), 'replace');
  });
  const isReady = refusal === undefined && problems.length === 0 && !isBadPatch && !isBadNumber && total !== null && total > 0 && since !== undefined && (asOf !== 'time' || time.trim() !== '');

  return (
    <form class="stack jobs-new" onSubmit={(event) => { event.preventDefault(); void start_.run(); }}>
      <p>Runs executions again, each as it was recorded, and says how many give other results. None of them is changed.</p>
      {given.ignored.map((one) => <Note kind="warning" key={one}>{one}</Note>)}
      <fieldset>
        <legend>Which executions</legend>
        <Field label="Conditions, as those of the list" hint="such as status:completed team=search found:0; nothing means all"
          error={problems.length > 0 ? problems.map(({ text, message }) => `${text}: ${message}`).join(' ') : saidIn(start_.error, 'executions')}>
          {(control) => <input {...control} class="mono" value={which} spellcheck={false} autocomplete="off" onInput={(event) => setWhich(event.currentTarget.value)} />}
        </Field>
        <div class="line">
          <Field label="Since">{(control) => (
            <select {...control} value={start} onChange={(event) => setStart(event.currentTarget.value)}>
              <option value="">all time</option>
              {PRESETS.map((one) => <option key={one} value={one}>{presetLabel(one)}</option>)}
              {start !== '' && !(PRESETS as readonly string[]).includes(start) && <option value={start}>{start}</option>}
            </select>)}
          </Field>
          <Field label="At most, the newest ones first" error={isBadNumber ? `A whole number from 1 to ${count(PLACE_MAX)}, or nothing for all.` : undefined}>
            {(control) => <input {...control} inputMode="numeric" class="jobs-number" value={newest} placeholder="all" onInput={(event) => setNewest(event.currentTarget.value)} />}
          </Field>
        </div>
        <p role="status" class="soft">
          {matching.error ? matching.error.message
            : total === null ? 'Counting …'
              : total === 0 ? 'No execution matches.'
                : isTooMany ? since === undefined ? `${count(total)} match …` : `${count(total)} match; the newest ${count(most!)} are run again, those since ${longTime(since!)}.`
                  : `${plural(total, 'execution matches', 'executions match')}.`}
        </p>
      </fieldset>
      <fieldset>
        <legend>The change</legend>
        <Field label="What is set in each pipeline" hint={patch ? undefined : 'A JSON patch (RFC 6902), such as [{"op": "replace", "path": "/stages/1/config/parameters/limit", "value": 5}]. Without one it shows what has changed since.'}
          error={isBadPatch ? 'This is no JSON patch yet: a list of {"op", "path", "value"}.' : saidIn(start_.error, 'set')}>
          {(control) => <textarea {...control} class="mono" rows={Math.min(14, Math.max(3, change.split('\n').length))} value={change} spellcheck={false} onInput={(event) => setChange(event.currentTarget.value)} />}
        </Field>
        {patch && <ul class="jobs-steps">{patch.map((step, i) => <li key={i}><bdi>{stepText(step as Record<string, unknown>)}</bdi></li>)}</ul>}
      </fieldset>
      <Choices label="Over which documents" name="as-of" value={asOf} onChoose={setAsOf} choices={[
        { value: 'then', title: 'those that each execution saw', hint: 'so that only the change can differ' },
        { value: 'now', title: 'those of now', hint: 'so that documents that were changed since differ, too' },
        { value: 'time', title: 'those of a time' },
      ]} />
      {asOf === 'time' && (
        <Field label="Time" hint="RFC 3339, or relative, such as -7d" error={saidIn(start_.error, 'as_of')}>
          {(control) => <input {...control} value={time} placeholder="-7d" spellcheck={false} onInput={(event) => setTime(event.currentTarget.value)} />}
        </Field>)}
      <details>
        <summary>More</summary>
        <div class="stack">
          <Choices label="Answers of providers" name="externals" value={externals} onChoose={setExternals} choices={[
            { value: 'recorded', title: 'from the record' }, { value: 'live', title: 'ask the providers', hint: 'costs what they cost' }, { value: 'fail', title: 'ask nobody' },
          ]} />
          <label class="check-field"><input type="checkbox" checked={record} onChange={(event) => setRecord(event.currentTarget.checked)} />
            <span>Record each replay as an execution <span class="soft">(each can then be opened, and compared with the one that it repeats)</span></span></label>
        </div>
      </details>
      {start_.error && <ErrorBox error={start_.error} />}
      <div class="line"><button type="submit" class="primary" disabled={!isReady || start_.busy} title={refusal}>{start_.busy ? 'Starting …' : 'Run them again'}</button>
        <a href={href(namespace, 'jobs')}>All jobs</a></div>
    </form>);
}

function saidIn(error: Parameters<typeof saidOf>[0], name: string): string | undefined {
  return saidOf(error, name) ?? error?.invalid.find(({ location }) => location.startsWith(`${name}.`) || location.startsWith(`${name}[`))?.message;
}
