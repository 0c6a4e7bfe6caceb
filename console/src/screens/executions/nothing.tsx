// A list without rows: nothing was ever executed, or this filter matches nothing.
import type { VNode } from 'preact';
import { listExecutions } from '../../api/executions';
import { serverRoot } from '../../api/client';
import { CopyButton } from '../../parts/copy';
import { Empty, Skeleton } from '../../parts/states';
import { plural } from '../../state/format';
import { tokensOf, withoutToken, type Conditions } from '../../state/list_filter';
import { useLoad } from '../../state/load';
import { href, route } from '../../state/route';
import { rangeLabel, withRange } from '../../state/range';

interface Way {
  label: string;
  to: Conditions;
  count: number;
  isPartial: boolean;
}

// How many there are without each of the conditions.
async function waysOut(conditions: Conditions, signal: AbortSignal): Promise<{ hasAny: boolean; ways: Way[] }> {
  const tokens = tokensOf(conditions).filter(({ key }) => key !== 'start_time' && key !== 'end_time').slice(0, 8);
  const choices = tokens.map((token) => ({ label: `without “${token.label}”`, to: withoutToken(conditions, token.id) }));
  if (conditions.start_time !== undefined || conditions.end_time !== undefined) {
    choices.push({ label: `in all time, not only ${rangeLabel(conditions)}`, to: withRange(conditions, null, null) });
  }
  if (choices.length > 1) choices.push({ label: 'without any condition', to: {} });
  const counts = await Promise.all([...choices.map(({ to }) => to), {}].map((to) => listExecutions({ ...to, count_only: true, budget_ms: 1000 }, { limit: 1 }, signal)));
  const ways = choices.map((choice, i) => ({ ...choice, count: counts[i]!.total, isPartial: counts[i]!.total_relation === 'at_least' }));
  return { hasAny: counts[choices.length]!.total > 0, ways: ways.filter((way) => way.count > 0).sort((a, b) => b.count - a.count) };
}

export function Nothing({ conditions, onChange }: { conditions: Conditions; onChange: (conditions: Conditions) => void }): VNode {
  const { data, isOld } = useLoad(JSON.stringify(conditions), (signal) => waysOut(conditions, signal));
  if (!data || isOld) return <Skeleton lines={3} label="Looking for what would be found" />;
  if (!data.hasAny) return <NothingEver />;
  const one = data.ways.filter((way) => Object.keys(way.to).length > 0);
  const shown = one.length > 0 ? one : data.ways;
  return (
    <Empty title="No execution matches this filter.">
      {shown.length > 0 ? (
        <>
          <p>There would be</p>
          <ul class="ways">
            {shown.map((way) => (
              <li key={way.label}><button type="button" onClick={() => onChange(way.to)}>
                <strong>{way.isPartial ? '≥ ' : ''}{plural(way.count, 'execution', 'executions')}</strong> <bdi>{way.label}</bdi>
              </button></li>))}
          </ul>
        </>
      ) : <p>No single condition is to blame: two or more of them together exclude everything. <button type="button" onClick={() => onChange({})}>Remove them all</button></p>}
    </Empty>);
}

function NothingEver(): VNode {
  const { namespace } = route.value;
  const at = `trawl --url ${serverRoot().replace(/\/$/, '')} --namespace ${/^[\w.-]+$/.test(namespace) ? namespace : JSON.stringify(namespace)}`;
  const document = { document_id: 'moby', title: 'Moby Dick', text: 'A captain hunts the white whale at sea.' };
  const pipeline = {
    collection_identifiers: ['books'], inputs: { query: 'white whale' },
    stages: [{ stage_name: 'find', config: { stage_id: 'feature_search', parameters: { searches: [{ feature_uri: 'trawl://bm25@v1/text', query: '{{INPUT.query}}' }] } } }],
  };
  const commands = [`echo '${JSON.stringify(document)}' | ${at} import books - --create`, `echo '${JSON.stringify(pipeline)}' | ${at} execute -f -`];
  return (
    <Empty title="Nothing was executed here yet.">
      <p>Two commands make a first execution, with the key in <code>TRAWL_API_KEY</code>:</p>
      {commands.map((command) => <div class="command" key={command}><pre tabIndex={0}>{command}</pre><CopyButton text={command} label="Copy" /></div>)}
      <p>Or write a pipeline in the <a href={href(namespace, 'play')}>playground</a>. With <strong>live</strong> on, what is executed appears here by itself.</p>
    </Empty>);
}
