// Why a stage lost the document: the reason, and the values that it was decided by.
import type { VNode } from 'preact';
import type { LostAt, WhyAnswer } from '../../api/schema';
import { JsonTree } from '../../parts/json_tree';
import { evidenceOf } from '../../state/evidence';

export function Lost({ at, answeredBy }: { at: LostAt; answeredBy: WhyAnswer['answered_by'] }): VNode {
  const rows = evidenceOf(at.evidence);
  return (
    <section class="lost" aria-label="The reason">
      <h2>{at.stage_name ? <>Lost at <bdi>{at.stage_name}</bdi></> : 'Not there to be found'} <code class="soft">{at.reason}</code></h2>
      {rows.length > 0 && (
        <table class="evidence">
          <caption class="off-screen">The values that decided it</caption>
          <tbody>
            {rows.map(({ name, text, value }) => (
              <tr key={name}><th scope="row">{name}</th><td>{text !== null ? <bdi>{text}</bdi> : <JsonTree value={value} open={2} />}</td></tr>))}
          </tbody>
        </table>)}
      <p class="soft">{answeredBy === 'record' ? 'The record says so.'
        : answeredBy === 'run' ? 'Found by making the run again over the documents of then, which left no trace and cost nothing.' : ''}</p>
    </section>);
}
