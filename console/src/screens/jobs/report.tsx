// A job: how far it is, what came of it, and the executions that changed most.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { listExecutions } from '../../api/executions';
import { replayText } from '../../api/insight';
import { cancelJob, deleteJob, listItems } from '../../api/jobs';
import type { LikenessFigures, Replay, ReplayJob, ReplayJobItem } from '../../api/schema';
import { Copy } from '../../parts/copy';
import { Dialog } from '../../parts/dialog';
import { ErrorBox, Note, Skeleton } from '../../parts/states';
import { useAction } from '../../state/action';
import { count, duration, longTime, percent, plural, score } from '../../state/format';
import { CAUSES, hasEnded, useJob } from '../../state/job';
import { stringifyExact } from '../../state/json_exact';
import { canonical, listParams } from '../../state/list_filter';
import { written } from '../../state/list_written';
import { useLoad } from '../../state/load';
import { stepText } from '../../state/patch';
import { rangeLabel } from '../../state/range';
import { go, href, route, withParams } from '../../state/route';

export function Job({ id }: { id: string }): VNode {
  const { namespace } = route.value;
  const { job, error, reload } = useJob(id);
  const [isAsked, ask] = useState(false);
  const cancel = useAction(async () => { await cancelJob(job!.job_id); reload(); });
  const remove = useAction(async () => { await deleteJob(job!.job_id); go(href(namespace, 'jobs'), 'replace'); });
  if (!job) return error ? <ErrorBox error={error} onRetry={reload}><p><a href={href(namespace, 'jobs')}>All jobs</a></p></ErrorBox> : <Skeleton />;
  const isOver = hasEnded(job);
  return (
    <div class="stack">
      <div class="line">
        <JobStatus job={job} /><Copy text={job.job_id} />
        <span class="spring" />
        <a href={href(namespace, 'jobs')}>All jobs</a>
        <a class="button" href={href(namespace, 'jobs', [], paramsOfJob(job))}>Again …</a>
        {isOver ? <button type="button" onClick={() => ask(true)}>Forget it …</button>
          : <button type="button" class="danger" disabled={cancel.busy} onClick={() => void cancel.run()}>Cancel</button>}
      </div>
      {error && <ErrorBox error={error} onRetry={reload} />}
      {cancel.error && <ErrorBox error={cancel.error} />}
      <p class="jobs-sentence" role="status">{job.sentence}</p>
      {!isOver && (
        <div class="line jobs-progress"><progress max={Math.max(1, job.total)} value={job.done} aria-label="Executions that were run again" /> <span>{count(job.done)} of {count(job.total)}</span></div>)}
      {job.error && <Note kind="warning">{job.error}</Note>}
      {job.warnings?.map((one) => <Note kind="warning" key={one}>{one}</Note>)}
      <What job={job} />
      <Counts job={job} />
      {job.report && <Figures job={job} />}
      {job.report && job.report.most_changed.length > 0 && (
        <section class="stack" aria-label="Most changed">
          <h2>Most changed</h2>
          <Items label="Executions that changed most" items={job.report.most_changed} job={job} />
        </section>)}
      <AllItems job={job} />
      {isAsked && (
        <Dialog title="Forget this job?" onClose={() => ask(false)}>
          <div class="stack">
            <p>Its report goes. The executions stay as they are{job.record && ', and so do the replays that were recorded'}.</p>
            {remove.error && <ErrorBox error={remove.error} />}
            <div class="actions"><button type="button" onClick={() => ask(false)}>Keep it</button>
              <button type="button" class="danger" disabled={remove.busy} onClick={() => void remove.run()}>Forget it</button></div>
          </div>
        </Dialog>)}
    </div>);
}

const SIGNS: Record<ReplayJob['status'], string> = { queued: '◌', running: '◌', completed: '●', cancelled: '■', failed: '✕' };

export function JobStatus({ job }: { job: ReplayJob }): VNode {
  const tone = job.status === 'completed' ? 'good' : job.status === 'failed' ? 'bad' : 'stopped';
  return <span class={`status is-${tone}`}><span aria-hidden="true">{SIGNS[job.status]}</span> {job.status}</span>;
}

function paramsOfJob(job: ReplayJob): URLSearchParams {
  const params = listParams(canonical(job.executions));
  params.set('new', '1');
  if (job.set) params.set('set', stringifyExact(job.set));
  return params;
}

/** What the job does, in words. */
export function What({ job }: { job: ReplayJob }): VNode {
  const { namespace } = route.value;
  const conditions = canonical(job.executions);
  const { start_time: _, end_time: __, ...rest } = conditions;
  const text = written(rest);
  return (
    <dl class="jobs-what">
      <div><dt>Executions</dt><dd><a href={href(namespace, 'executions', [], listParams(conditions))}>{text === '' ? 'all' : <bdi class="mono">{text}</bdi>}</a>, {rangeLabel(conditions)}</dd></div>
      <div><dt>Change</dt><dd>{job.set && job.set.length > 0 ? job.set.map((step, i) => <bdi key={i} class="jobs-step">{stepText(step)}</bdi>) : 'none'}</dd></div>
      <div><dt>Documents</dt><dd>{job.as_of === 'then' ? 'those that each execution saw' : job.as_of === 'now' ? 'those of now' : `those of ${longTime(job.as_of)}`}</dd></div>
      <div><dt>Begun</dt><dd>{longTime(job.started_at ?? job.created_at)}{job.started_at && job.ended_at && `, took ${duration(Date.parse(job.ended_at) - Date.parse(job.started_at))}`}
        {job.interruptions > 0 && `, ${plural(job.interruptions, 'interruption', 'interruptions')}`}{job.record && ', recorded'}{job.externals !== 'recorded' && `, answers of providers: ${job.externals}`}</dd></div>
    </dl>);
}

function Counts({ job }: { job: ReplayJob }): VNode {
  const parts: [string, number, string, string][] = [
    ['other results', job.results_changed, 'is-changed', 'Results differ in a document or its place'],
    ['differ on the way', job.changed - job.results_changed, 'is-inner', 'Some stage differs, the results do not'],
    ['the same', job.identical, 'is-same', 'The same at every stage'],
    ['gone', job.gone, 'is-gone', 'The execution, or documents of then, are no longer kept'],
    ['could not run', job.failed, 'is-failed', 'The replay failed'],
  ];
  const shown = parts.filter(([, n]) => n > 0);
  return (
    <div>
      {job.done > 0 && (
        <div class="jobs-bar" aria-hidden="true">{shown.map(([name, n, kind]) => <span key={name} class={kind} style={{ width: `${(100 * n) / job.done}%` }} />)}</div>)}
      <ul class="jobs-counts">{shown.map(([name, n, kind, help]) => <li key={name} title={help}><span class={`jobs-key ${kind}`} aria-hidden="true" /> <strong>{count(n)}</strong> {name} <span class="soft">{percent(n / Math.max(1, job.done))}</span></li>)}</ul>
    </div>);
}

function Figures({ job }: { job: ReplayJob }): VNode | null {
  const report = job.report!;
  if (job.done === 0) return null;
  const line = (name: string, figures: LikenessFigures, help: string, show: (value: number) => string) => (
    <tr><th scope="row"><abbr title={help}>{name}</abbr></th><td>{show(figures.mean)}</td><td>{show(figures.median)}</td><td>{show(figures.p10)}</td><td>{show(figures.min)}</td></tr>);
  return (
    <div class="jobs-figures">
      <div class="compare-table" role="region" tabIndex={0} aria-label="Likeness of the results">
        <table>
          <thead><tr><th scope="col">Likeness</th><th scope="col">mean</th><th scope="col">half at most</th><th scope="col">a tenth at most</th><th scope="col">least</th></tr></thead>
          <tbody>
            {line('overlap@10', report.overlap_at_10, 'How many of the first ten results both have', percent)}
            {line('RBO', report.rbo, 'Rank-biased overlap, p = 0.9: 1 is the same order', score)}
          </tbody>
        </table>
      </div>
      {(report.causes.length > 0 || report.places.length > 0) && (
        <div>
          <h2>Where and why they differ first</h2>
          <ul>
            {report.places.map((one) => <li key={`${one.stage_name}/${one.what}`}><bdi>{one.stage_name ?? 'the run'}</bdi>: {one.what} <span class="soft">({count(one.count)})</span></li>)}
            {report.causes.map((one) => <li key={one.cause}>because of {CAUSES[one.cause] ?? one.cause} <span class="soft">({count(one.count)})</span></li>)}
          </ul>
        </div>)}
      {report.problems.length > 0 && (
        <div>
          <h2>What could not be run again</h2>
          <ul>{report.problems.map((one) => <li key={one.message}><bdi>{one.message}</bdi> <span class="soft">({count(one.count)})</span></li>)}</ul>
        </div>)}
    </div>);
}

// What was searched for; a report itself holds no text of the runs.
async function queriesOf(items: ReplayJobItem[], signal: AbortSignal): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let at = 0; at < items.length; at += 1000) {
    const ids = items.slice(at, at + 1000).map(({ execution_id }) => execution_id);
    const page = await listExecutions({ execution_ids: ids, fields: ['execution_id', 'query_summary'] }, { limit: 1000 }, signal);
    for (const row of page.results) found.set(row.execution_id, row.query_summary ?? '');
  }
  return found;
}

function Items({ label, items, job }: { label: string; items: ReplayJobItem[]; job: ReplayJob }): VNode {
  const { namespace } = route.value;
  const queries = useLoad(items.map(({ execution_id }) => execution_id).join(), (signal) => queriesOf(items, signal));
  return (
    <div class="compare-table" role="region" tabIndex={0} aria-label={label}>
      <table>
        <thead><tr><th scope="col">Execution</th><th scope="col">Query</th><th scope="col">Outcome</th><th scope="col">Differs first at</th><th scope="col" class="is-end">overlap@10</th><th scope="col" class="is-end">RBO</th>
          <th scope="col" class="is-end">Entered</th><th scope="col" class="is-end">Left</th><th scope="col" class="is-end">Moved</th><th scope="col">Look</th></tr></thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.place}>
              <th scope="row"><a href={href(namespace, 'executions', [item.execution_id])}><bdi>{item.execution_id}</bdi></a></th>
              <td class="jobs-query"><bdi title={queries.data?.get(item.execution_id)}>{queries.data?.get(item.execution_id) ?? ''}</bdi></td>
              <td>{item.outcome === null ? <span class="soft">not yet</span> : item.outcome === 'changed' && item.results && !item.results.changed ? 'differs on the way' : item.outcome}</td>
              <td>{item.difference ? <><bdi>{item.difference.stage_name ?? 'the run'}</bdi>: {item.difference.what}{item.difference.rank !== null && ` at rank ${item.difference.rank}`}</>
                : item.error ? <span class="bad jobs-error">{item.error.message}</span> : ''}</td>
              <td class="is-end">{item.results ? percent(item.results.overlap_at_10) : ''}</td>
              <td class="is-end">{item.results ? score(item.results.rbo) : ''}</td>
              <td class="is-end">{item.results ? count(item.results.entered_count) : ''}</td>
              <td class="is-end">{item.results ? count(item.results.left_count) : ''}</td>
              <td class="is-end">{item.results ? count(item.results.moved_count) : ''}</td>
              <td>{item.outcome === 'changed' && <Look item={item} job={job} />}</td>
            </tr>))}
        </tbody>
      </table>
    </div>);
}

// Both are compared where the job recorded its replays; else this one is run again, and recorded.
function Look({ item, job }: { item: ReplayJobItem; job: ReplayJob }): VNode {
  const { namespace } = route.value;
  const look = useAction(async () => {
    const answer = JSON.parse(await replayText(item.execution_id, stringifyExact({ as_of: job.as_of, externals: job.externals, ...(job.set ? { set: job.set } : {}) }))) as Replay;
    if (answer.execution_id) go(href(namespace, 'compare', [item.execution_id, answer.execution_id]));
  });
  if (item.replay_execution_id) return <a href={href(namespace, 'compare', [item.execution_id, item.replay_execution_id])}>compare</a>;
  if (look.error) return <span class="bad jobs-error">{look.error.message}</span>;
  return <button type="button" class="plain link" disabled={look.busy} title="Runs this one again, records it and compares both" onClick={() => void look.run()}>{look.busy ? 'running …' : 'run and compare'}</button>;
}

const SHOWS = [
  { value: '', title: 'no list' }, { value: 'results', title: 'with other results' }, { value: 'changed', title: 'that differ anywhere' }, { value: 'identical', title: 'that are the same' },
  { value: 'gone', title: 'that are gone' }, { value: 'failed', title: 'that could not run' }, { value: 'all', title: 'all' },
] as const;
const PAGE = 100;

// Every execution of the job, by what became of it.
function AllItems({ job }: { job: ReplayJob }): VNode {
  const { params } = route.value;
  const shows = SHOWS.find(({ value }) => value === params.get('show'))?.value ?? '';
  const [pages, setPages] = useState(1);
  const query = shows === 'results' ? { results_changed: true } : shows === 'all' ? {} : { outcome: shows };
  const loaded = useLoad(shows === '' ? null : `${job.job_id}/${shows}/${pages}/${hasEnded(job)}`, async (signal) => {
    const all: ReplayJobItem[] = [];
    let from: number | null = 0;
    for (let page = 0; page < pages && from !== null; ++page) {
      const some: { results: ReplayJobItem[]; next_from: number | null } = await listItems(job.job_id, { ...query, from, limit: PAGE }, signal);
      all.push(...some.results);
      from = some.next_from;
    }
    return { all, isMore: from !== null };
  });
  return (
    <section class="stack" aria-label="Executions of the job">
      <label class="line">List the executions
        <select value={shows} onChange={(event) => { setPages(1); go(withParams({ show: event.currentTarget.value || null })); }}>
          {SHOWS.map(({ value, title }) => <option key={value} value={value}>{title}</option>)}
        </select>
      </label>
      {loaded.error && <ErrorBox error={loaded.error} onRetry={loaded.reload} />}
      {shows !== '' && !loaded.data && !loaded.error && <Skeleton />}
      {shows !== '' && loaded.data && (loaded.data.all.length === 0 ? <p class="soft">There are none{!hasEnded(job) && ' so far'}.</p>
        : (
          <div class={loaded.isOld ? 'is-old' : ''}>
            <Items label="Executions of the job, by outcome" items={loaded.data.all} job={job} />
            {loaded.data.isMore && <p><button type="button" onClick={() => setPages(pages + 1)}>More</button></p>}
          </div>))}
    </section>);
}
