// Figures divided by what one chooses, sorted by any of them; a row leads to its executions.
import type { VNode } from 'preact';
import { useId, useState } from 'preact/hooks';
import type { ExecutionAggregate, Figures, FiguresRow } from '../../api/schema';
import { Grid, ROW_HEIGHT, type Column } from '../../parts/grid';
import { Empty, ErrorBox, Skeleton } from '../../parts/states';
import { csvOf } from '../../state/csv';
import { conditionsOfRow, FIGURES, GROUPS, memberOf, sortedRows, type FigureColumn } from '../../state/figures';
import { plural } from '../../state/format';
import { listParams, type Conditions } from '../../state/list_filter';
import { useLoad, type Loaded } from '../../state/load';
import { go, href, route, withParams } from '../../state/route';
import { saveFile } from '../../state/save';
import { Chain } from './chain';

const ROWS_SHOWN = 12;

export function Groups({ by, sort, groups, conditions, total, nameOf }: {
  by: string; sort: string; groups: Loaded<ExecutionAggregate>; conditions: Conditions; total: Figures; nameOf: (collection: string) => string;
}): VNode {
  const [cursor, setCursor] = useState<string | null>(null);
  // The answer's own group: while another is under way the old rows stay.
  const shownBy = groups.data?.group_by ?? by;
  const rows = groups.data ? sortedRows(groups.data.results, sort) : [];
  const placeOf = (row: FiguresRow) => {
    const its = conditionsOfRow(conditions, shownBy, memberOf(row, shownBy));
    return its && href(route.value.namespace, 'executions', [], listParams(its));
  };
  const save = () => saveFile(`trawl-figures-by-${shownBy.replace(/[^\w-]+/g, '-')}.csv`, csvOf(
    [shownBy, ...FIGURES.map(({ name }) => name), 'failed_count', 'zero_result_count'],
    rows.map((row) => [memberOf(row, shownBy), ...FIGURES.map(({ of }) => of(row)), row.error_count, row.zero_result_count])), 'text/csv');
  const columns: Column<FiguresRow>[] = [
    { name: 'member', title: shownBy.startsWith('label:') ? <bdi>{shownBy.slice(6)}</bdi> : GROUPS[shownBy as keyof typeof GROUPS], width: 'minmax(12rem, 2fr)',
      cell: (row) => {
        const member = memberOf(row, shownBy);
        const place = placeOf(row);
        const title = (
          <>
            {member === null ? <i>{NONE[shownBy] ?? 'none'}</i> : shownBy === 'shape' ? <Chain shape={member} /> : <bdi>{shownBy === 'collection' ? nameOf(member) : member}</bdi>}
          </>);
        return place === null ? title : <a href={place}>{title}</a>;
      } },
    ...FIGURES.map((column) => figureColumn(column, rows, sort)),
  ];
  return (
    <section aria-label="By group">
      <div class="line">
        <h2>By</h2>
        <GroupChoice key={by} by={by} conditions={conditions} />
        <span class="soft" role="status">{groups.data && !groups.isOld && plural(rows.length, 'group', 'groups')}</span>
        <span class="spring" />
        <button type="button" class="quiet" disabled={rows.length === 0} onClick={save}>CSV</button>
      </div>
      {(shownBy === 'stage' || shownBy === 'collection') && rows.length > 1 && (
        <p class="soft">A run of several counts for each: the rows add up to more than {plural(total.count, 'execution', 'executions')}.</p>)}
      {groups.error && <ErrorBox error={groups.error} onRetry={groups.reload} />}
      {!groups.data && !groups.error && <Skeleton lines={6} />}
      {groups.data && rows.length === 0 && <Empty title="Nothing to divide" />}
      {rows.length > 0 && (
        <div class="groups" style={{ height: `${(Math.min(rows.length, ROWS_SHOWN) + 1) * ROW_HEIGHT + 16}px` }}>
          <Grid label="Figures by group" columns={columns} rows={rows} idOf={(row) => JSON.stringify(memberOf(row, shownBy))} cursor={cursor}
            onCursor={setCursor} dim={groups.isOld} onOpen={(row) => {
              const place = placeOf(row);
              if (place !== null) go(place);
            }} scrollKey={`${by} ${sort}`} />
        </div>)}
    </section>);
}

const NONE: Record<string, string> = {
  shape: 'no pipeline recorded', failed_stage: 'did not fail in a stage', error: 'did not fail', caller: 'no key', collection: 'no collection', stage: 'no stage',
};

function figureColumn(column: FigureColumn, rows: readonly FiguresRow[], sort: string): Column<FiguresRow> {
  const direction = sort === column.name ? 'ascending' : sort === `-${column.name}` ? 'descending' : 'none';
  const most = Math.max(0, ...rows.map((row) => column.of(row) ?? 0));
  return {
    name: column.name, title: column.title, help: column.help, width: column.name === 'zero_result_rate' ? '8.5rem' : '6.5rem', align: 'end', sort: direction,
    onSort: () => go(withParams({ sort: direction === 'descending' ? column.name : `-${column.name}` }), 'replace'),
    cell: (row) => {
      const value = column.of(row);
      return (
        <span class="figure-cell">
          {value !== null && value > 0 && most > 0 && <i class={`figure-bar tone-${column.tone}`} aria-hidden="true" style={{ width: `${(100 * value) / most}%` }} />}
          <span>{column.format(value)}</span>
        </span>);
    },
  };
}

// The names of labels are asked for when one begins to say one.
async function namesOfLabels(conditions: Conditions, signal: AbortSignal): Promise<string[]> {
  const { labelNames } = await import('../../state/complete');
  return labelNames(conditions, signal);
}

function GroupChoice({ by, conditions }: { by: string; conditions: Conditions }): VNode {
  const isLabel = by.startsWith('label:');
  const [typed, setTyped] = useState(isLabel ? by.slice(6) : '');
  const [wantsLabel, setWantsLabel] = useState(isLabel);
  const [isCompleting, complete] = useState(false);
  const names = useLoad(isCompleting ? JSON.stringify(conditions) : null, (signal) => namesOfLabels(conditions, signal));
  const list = useId();
  const choose = (next: string) => go(withParams({ by: next }));
  return (
    <>
      <select aria-label="Divide by" value={wantsLabel ? 'label' : by} onChange={(event) => {
        const next = event.currentTarget.value;
        setWantsLabel(next === 'label');
        if (next !== 'label') choose(next);
      }}>
        {Object.entries(GROUPS).map(([name, title]) => <option key={name} value={name}>{title}</option>)}
        <option value="label">label …</option>
      </select>
      {wantsLabel && (
        <form class="line" onSubmit={(event) => { event.preventDefault(); if (typed.trim()) choose(`label:${typed.trim()}`); }}>
          <input aria-label="Name of the label" placeholder="team" list={list} value={typed} required onFocus={() => complete(true)} spellcheck={false} autocomplete="off" onInput={(event) => setTyped(event.currentTarget.value)} />
          <datalist id={list}>{names.data?.map((name) => <option key={name} value={name} />)}</datalist>
          <button type="submit">Show</button>
        </form>)}
    </>);
}
