// Replay jobs of the namespace: would a change have altered what was found?
import type { VNode } from 'preact';
import { listJobs } from '../api/jobs';
import { Empty, ErrorBox, Skeleton } from '../parts/states';
import { count, shortTime } from '../state/format';
import { canonical } from '../state/list_filter';
import { written } from '../state/list_written';
import { useLoad } from '../state/load';
import { stepText } from '../state/patch';
import { href, route } from '../state/route';
import { NewJob } from './jobs/new';
import { Job, JobStatus } from './jobs/report';

export default function Jobs(): VNode {
  const { path: [id], params } = route.value;
  return (
    <div class="stack jobs">
      <h1>{id !== undefined ? 'Replay job' : params.get('new') ? 'New replay job' : 'Replay jobs'}</h1>
      {id !== undefined ? <Job id={id} key={id} /> : params.get('new') ? <NewJob key={params.toString()} /> : <List />}
    </div>);
}

function List(): VNode {
  const { namespace } = route.value;
  const list = useLoad(namespace, (signal) => listJobs(signal));
  const begin = <a class="button primary" href={href(namespace, 'jobs', [], { new: '1', start_time: '-24h' })}>New job</a>;
  return (
    <>
      <p class="line">A job runs many executions again, with or without a change, and says how many give other results. <span class="spring" />{begin}</p>
      {list.error && <ErrorBox error={list.error} onRetry={list.reload} />}
      {!list.data && !list.error && <Skeleton />}
      {list.data && (list.data.results.length === 0
        ? <Empty title="There is no job yet"><p>Would a change have altered yesterday’s results? Make the change in the playground, and try it on the last 1,000 runs; or begin here.</p></Empty>
        : (
          <div class={`compare-table${list.isOld ? ' is-old' : ''}`} role="region" tabIndex={0} aria-label="Jobs, newest first">
            <table>
              <thead><tr><th scope="col">Job</th><th scope="col">Status</th><th scope="col">Executions</th><th scope="col">Change</th><th scope="col" class="is-end">Run again</th><th scope="col" class="is-end">Other results</th></tr></thead>
              <tbody>
                {list.data.results.map((job) => (
                  <tr key={job.job_id}>
                    <th scope="row"><a href={href(namespace, 'jobs', [job.job_id])} title={job.job_id}>{shortTime(job.created_at)}</a></th>
                    <td><JobStatus job={job} /></td>
                    <td class="jobs-cell"><bdi class="mono">{written(withoutTime(job.executions)) || 'all'}</bdi></td>
                    <td class="jobs-cell"><bdi>{job.set && job.set.length > 0 ? job.set.map(stepText).join('; ') : 'none'}</bdi></td>
                    <td class="is-end">{count(job.done)} of {count(job.total)}</td>
                    <td class="is-end">{count(job.results_changed)}</td>
                  </tr>))}
              </tbody>
            </table>
          </div>))}
    </>);
}

function withoutTime(executions: Record<string, unknown>) {
  const { start_time: _, end_time: __, ...rest } = canonical(executions);
  return rest;
}
