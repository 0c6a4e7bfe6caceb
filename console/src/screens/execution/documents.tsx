// Every document that the run had anywhere, and its rank at each stage: where it rose, fell, or was lost.
import type { VNode } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { Grid, type Column } from '../../parts/grid';
import { Empty, ErrorBox, Skeleton } from '../../parts/states';
import { Title } from '../../parts/title';
import { bytes, count, plural, score } from '../../state/format';
import { choices as foundByChoices } from '../../state/found_by';
import { useShortcuts } from '../../state/keyboard';
import { filterRows, rankFlow, rise, sortRows, type Boundary, type FlowRow } from '../../state/rank_flow';
import { go, route, withParams } from '../../state/route';
import { recordedOf, versionOf, type Run } from '../../state/run';
import { useWhole } from '../../state/runs';
import { DocumentPanel } from './document_panel';
import { searchColumns } from './found_by';
import { whyOf } from './places';
import { TitleHead } from './title_head';
import { WhyField } from './why_field';

const replace = (changes: Record<string, string | null>) => go(withParams(changes), 'replace');

const MANY = 1_000_000; // Candidates that are loaded without asking: some tens of megabytes.

/** The table needs all candidates; of a large record they are loaded first. */
export function Documents({ run }: { run: Run }): VNode {
  const total = run.stages.reduce((sum, stage) => sum + recordedOf(stage), 0);
  const [isWanted, want] = useState(total <= MANY);
  if (!isWanted) {
    return (
      <Empty title={`This run has ${count(total)} candidates.`}>
        <p>That is about {bytes(total * 55)} to load. <button type="button" onClick={() => want(true)}>Load them</button></p>
        <WhyField id={run.execution_id} collections={run.collection_ids ?? []} />
      </Empty>);
  }
  return <Loaded run={run} />;
}

function Loaded({ run }: { run: Run }): VNode {
  const whole = useWhole(run);
  if (whole.error) return <ErrorBox error={whole.error} onRetry={whole.retry} />;
  return whole.run ? <Table run={whole.run} /> : <Skeleton lines={12} label="Loading all documents of the run" />;
}

function Table({ run }: { run: Run }): VNode {
  const { params } = route.value;
  const filter = params.get('show') ?? 'all';
  const find = params.get('find') ?? '';
  const by = params.get('order') ?? 'result';
  const descending = by.startsWith('-');
  const sort = by.replace(/^-/, '');
  const cursor = params.get('doc');
  const field = useRef<HTMLInputElement>(null);
  const flow = useMemo(() => rankFlow(run), [run]);
  const rows = useMemo(() => sortRows(filterRows(flow, filter, find), sort, descending), [flow, filter, find, sort, descending]);
  const choices = useMemo(() => foundByChoices(flow.rows.map(({ parts }) => parts), flow.searches, filter.startsWith('by:') ? filter.slice(3) : null), [flow, filter]);
  const chosen = cursor === null ? undefined : flow.rows.find((row) => row.name === cursor);
  useShortcuts([
    { keys: 'f', says: 'Find among the documents of the run', run: () => { field.current?.focus(); field.current?.select(); } },
  ]);
  const move = (by: number) => {
    const at = rows.findIndex((row) => row.name === cursor);
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
    if (next) replace({ doc: next.name });
  };

  const rowsFrom = flow.boundaries.find((boundary) => boundary.isRows);
  if (flow.rows.length === 0) return <Empty title="No stage handed on a document."><WhyField id={run.execution_id} collections={run.collection_ids ?? []} /></Empty>;
  const orderBy = (name: string) => () => replace({ order: sort === name ? (descending ? null : `-${name}`) : name === 'rise' ? '-rise' : name });
  const sorted = (name: string) => (sort === name ? (descending ? 'descending' as const : 'ascending' as const) : 'none' as const);
  const columns: Column<FlowRow>[] = [
    { name: 'result', title: 'Result', width: '5rem', align: 'end', sort: sorted('result'), onSort: orderBy('result'), cell: (row) => (row.result > 0 ? count(row.result) : '–') },
    { name: 'document', title: 'Document', width: 'minmax(9rem, 15rem)', sort: sorted('document'), onSort: orderBy('document'), cell: (row) => <bdi title={row.document}>{row.document}</bdi> },
    { name: 'fate', title: 'What became of it', width: widthOfFate(flow.boundaries), cell: (row) => (
      <><FateText row={row} boundaries={flow.boundaries} />{' '}
        <a href={whyOf(run.execution_id, row.collection, row.document)} tabIndex={-1} aria-label={`Why ${row.document}?`}>why?</a></>) },
    ...flow.boundaries.flatMap((boundary, s): Column<FlowRow>[] => [{
      name: `at:${s}`, title: <bdi>{boundary.name}{boundary.truncated && ` (first ${count(boundary.recorded)})`}</bdi>, width: widthOf(boundary), align: 'end',
      sort: sorted(`at:${s}`), onSort: orderBy(`at:${s}`),
      help: boundary.truncated ? `The record has the first ${count(boundary.recorded)} of ${count(boundary.count)}` : `${boundary.kind}: ${plural(boundary.count, 'document', 'documents')}`,
      cell: (row) => <Cell row={row} s={s} boundaries={flow.boundaries} />,
    }, ...(s === flow.searchedAt ? searchColumns<FlowRow>(flow.searches, ({ parts }) => parts, (name) => ({ sort: sorted(name), onSort: orderBy(name) })) : [])]),
    { name: 'rise', title: 'Moved', width: '5rem', align: 'end', sort: sorted('rise'), onSort: orderBy('rise'), cell: (row) => <Moved by={rise(row)} /> },
    { name: 'title', title: <TitleHead run={run} />, help: 'What the document was called when it was searched', width: 'minmax(10rem, 1fr)', cell: (row) => <Title collection={row.collection} document={row.document} version={versionOf(run, row.collection)} /> },
  ];
  return (
    <>
      {rowsFrom && <p class="soft">From <bdi>{rowsFrom.name}</bdi> on the run has rows in place of documents; the <a href={withParams({ tab: null, stage: String(run.stages.findIndex(({ stage_name: name }) => name === rowsFrom.name)) })}>flow</a> shows them.</p>}
      <div class="line documents-bar">
        <label>Show <select value={filter} onChange={(event) => replace({ show: event.currentTarget.value === 'all' ? null : event.currentTarget.value })}>
          <option value="all">all documents</option>
          <option value="returned">returned</option>
          <option value="lost">not returned</option>
          {flow.boundaries.slice(1).map((boundary, i) => <option key={i} value={`dropped:${i + 1}`}>dropped by {boundary.name}</option>)}
          <option value="rose">rose</option>
          <option value="fell">fell</option>
          {choices.length > 0 && (
            <optgroup label={`Found in ${flow.boundaries[flow.searchedAt]!.name} by`}>
              {choices.map((one) => <option key={one.name} value={`by:${one.name}`}>{one.sign} {one.title} ({count(one.count)})</option>)}
            </optgroup>)}
        </select></label>
        <label>Find <input ref={field} type="search" value={find} placeholder="part of an id" autocomplete="off" spellcheck={false}
          onInput={(event) => replace({ find: event.currentTarget.value || null })}
          onKeyDown={(event) => {
            if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
            event.preventDefault();
            move(event.key === 'ArrowDown' ? 1 : -1);
          }} /></label>
        <span class="soft" role="status">{rows.length === flow.rows.length ? plural(rows.length, 'document', 'documents') : `${count(rows.length)} of ${plural(flow.rows.length, 'document', 'documents')}`}</span>
      </div>
      {rows.length === 0 ? (
        <Empty title="No document of the run is like that.">
          {find && <WhyField key={find} id={run.execution_id} collections={run.collection_ids ?? []} initial={find} />}
          <button type="button" onClick={() => replace({ show: null, find: null })}>Show all</button>
        </Empty>
      ) : (
        <div class="run-documents">
          <Grid label="Documents of the run" columns={columns} rows={rows} idOf={(row) => row.name} total={rows.length} cursor={cursor}
            onCursor={(name) => replace({ doc: name })} scrollKey={`${run.execution_id}/${filter}/${by}/${find}`}
            onOpen={(row, event) => { if (event instanceof KeyboardEvent) go(whyOf(run.execution_id, row.collection, row.document)); }} />
        </div>)}
      {chosen && <DocumentPanel run={run} name={chosen.name} />}
      {rows.length > 0 && <WhyField id={run.execution_id} collections={run.collection_ids ?? []} />}
    </>);
}

// Rows are laid out one by one, so a column's width may not hang on what is in it.
const widthOf = (boundary: Boundary): string => `${Math.max(8, Math.min(16, 2 + 0.56 * (boundary.name.length + (boundary.truncated ? 13 : 0))))}rem`;
const widthOfFate = (boundaries: Boundary[]): string => `${10 + 0.5 * Math.min(24, Math.max(6, ...boundaries.map(({ name }) => name.length)))}rem`;

function Cell({ row, s, boundaries }: { row: FlowRow; s: number; boundaries: Boundary[] }): VNode {
  const rank = row.ranks[s]!;
  if (rank === 0) {
    if (row.fate.kind === 'dropped' && row.fate.stage === s) return <span class="bad"><span aria-hidden="true">✕</span><span class="off-screen">dropped</span></span>;
    return <span class="soft">{boundaries[s]!.truncated ? '?' : '–'}</span>;
  }
  const before = s > 0 ? row.scores[s - 1] : undefined;
  return <><strong>{count(rank)}</strong> <span class={before === row.scores[s] ? 'soft flow-score' : 'flow-score'}>{score(row.scores[s])}</span></>;
}

function Moved({ by }: { by: number }): VNode {
  if (by === 0) return <span class="soft">=</span>;
  return <span class={by > 0 ? 'good' : 'warn'}><span aria-hidden="true">{by > 0 ? '▲' : '▼'}</span><span class="off-screen">{by > 0 ? 'up' : 'down'} </span>{count(Math.abs(by))}</span>;
}

function FateText({ row, boundaries }: { row: FlowRow; boundaries: Boundary[] }): VNode {
  const { fate } = row;
  switch (fate.kind) {
    case 'returned': return <span class="good">returned</span>;
    case 'dropped': return <span class="bad">dropped by <bdi>{boundaries[fate.stage]!.name}</bdi></span>;
    case 'unknown': return <span class="soft">not among the {count(boundaries[fate.stage]!.recorded)} recorded</span>;
    case 'in_rows': return <span class="soft">in a row of <bdi>{boundaries[fate.stage]!.name}</bdi></span>;
    case 'stopped': return <span class="warn">was there when the run ended</span>;
    case 'unpaged': return <span class="soft">on another page</span>;
  }
}
