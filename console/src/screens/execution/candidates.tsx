// The documents that a stage handed on, in its order.
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { ScoredId } from '../../api/schema';
import { Grid, type Column } from '../../parts/grid';
import { ErrorBox } from '../../parts/states';
import { JsonTree } from '../../parts/json_tree';
import { Title } from '../../parts/title';
import { count, score } from '../../state/format';
import { isFoundBy, partsOf, severalSearches, type Part } from '../../state/found_by';
import { nameOf } from '../../state/rank_flow';
import { go, route, withParams } from '../../state/route';
import { recordedOf, rowText, versionOf, type Run } from '../../state/run';
import { useWhole } from '../../state/runs';
import { DocumentPanel } from './document_panel';
import { FoundByChoice, searchColumns } from './found_by';
import { whyOf } from './places';
import { TitleHead } from './title_head';

interface Ranked extends ScoredId {
  parts: Part[];
  name: string;
  rank: number;
  before: number; // 0: it was not among those of the stage before.
}

export function Candidates({ run: first, index }: { run: Run; index: number }): VNode {
  const [isAllWanted, wantAll] = useState(false);
  const foundBy = route.value.params.get('found_by');
  const whole = useWhole(first, isAllWanted || foundBy !== null);
  const run = whole.run ?? first; // The first are shown until all are there.
  const stage = run.stages[index]!;
  const previous = index > 0 ? run.stages[index - 1]! : null;
  const rows = useMemo(() => {
    const before = new Map(previous?.candidates.map((candidate, i) => [nameOf(candidate), i + 1]));
    const seen = new Map<string, number>();
    return stage.candidates.map((candidate, i): Ranked => {
      const name = candidate.document_id === '' ? `row/${i + 1}` : nameOf(candidate); // Rows of a group have no id.
      const times = seen.get(name) ?? 0;
      seen.set(name, times + 1);
      return { ...candidate, parts: partsOf(candidate), name: times ? `${name}/${times}` : name, rank: i + 1, before: before.get(name) ?? 0 };
    });
  }, [run, index]);
  const best = useMemo(() => rows.reduce((most, row) => Math.max(most, row.score ?? 0), 0), [rows]);
  const [cursor, setCursor] = useState<string | null>(null);
  const open = route.value.params.get('doc');
  const opened = open === null ? undefined : rows.find((row) => row.name === open);
  if (rows.length === 0) {
    return <p class="soft">{stage.output_count > 0 ? 'Its documents were not recorded.' : 'It handed on no document.'}</p>;
  }
  const searches = severalSearches(stage);
  const chosen = searches.length > 0 ? foundBy : null;
  const shown = chosen === null ? rows : rows.filter(({ parts }) => isFoundBy(chosen, parts, searches));
  const isPart = rows.length < recordedOf(stage);
  const columns: Column<Ranked>[] = [
    { name: 'rank', title: 'Rank', width: '4rem', align: 'end', cell: (row) => count(row.rank) },
    ...(previous ? [{ name: 'before', title: 'Was', width: '5rem', align: 'end' as const, help: `Its rank after ${previous.stage_name}`, cell: (row: Ranked) => <Move row={row} isWhole={!previous.candidates_truncated && recordedOf(previous) === previous.candidates.length} /> }] : []),
    ...(rows.some((row) => row.score !== null) ? [{ name: 'score', title: 'Score', width: '9rem', align: 'end' as const, cell: (row: Ranked) => <Score value={row.score} best={best} /> }] : []),
    ...searchColumns<Ranked>(searches, ({ parts }) => parts),
    { name: 'document', title: 'Document', width: 'minmax(9rem, 16rem)', cell: (row) => row.document_id === '' ? <span class="soft">a row</span> : <a href={whyOf(run.execution_id, row.collection_id, row.document_id)} title="Why it is where it is"><bdi>{row.document_id}</bdi></a> },
    { name: 'title', title: <TitleHead run={run} />, help: 'What the document was called when it was searched', width: 'minmax(10rem, 1fr)', cell: (row) => row.document_id === '' ? <bdi class="soft">{rowText(row.written)}</bdi> : <Title collection={row.collection_id} document={row.document_id} version={versionOf(run, row.collection_id)} /> },
  ];
  return (
    <>
      {whole.error && <ErrorBox error={whole.error} onRetry={whole.retry} />}
      {searches.length > 0 && <FoundByChoice documents={rows.map(({ parts }) => parts)} searches={searches} chosen={chosen}
        onChoose={(name) => go(withParams({ found_by: name }), 'replace')} />}
      <div class="run-candidates">
        <Grid label={`Documents after ${stage.stage_name}`} columns={columns} rows={shown} idOf={(row) => row.name} total={chosen === null ? recordedOf(stage) : isPart ? -1 : shown.length} onNearEnd={isPart ? () => wantAll(true) : undefined}
          cursor={cursor} onCursor={setCursor} scrollKey={`${run.execution_id}/${index}/${chosen}`}
          onOpen={(row) => go(withParams({ doc: row.name === open ? null : row.name }), 'replace')} />
      </div>
      {stage.candidates_truncated && (
        <p class="warn">The record has the first {count(recordedOf(stage))} of {count(stage.output_count)} (ledger.boundary_candidates_max).</p>)}
      {opened && (opened.document_id === '' ? <RowPanel row={opened} /> : <DocumentPanel run={run} name={nameOf(opened)} />)}
    </>);
}

function RowPanel({ row }: { row: Ranked }): VNode {
  return (
    <section class="document-panel" aria-label={`Row ${row.rank}`}>
      <div class="line">
        <h2>Row {count(row.rank)}</h2>
        <span class="spring" />
        <button type="button" class="icon" aria-label="Close the row" onClick={() => go(withParams({ doc: null }), 'replace')}>×</button>
      </div>
      {row.written ? <JsonTree value={row.written} open={2} /> : <p class="soft">What is in it was not recorded here: the stage that made it has it, as far as there was room.</p>}
    </section>);
}

function Move({ row, isWhole }: { row: Ranked; isWhole: boolean }): VNode | null {
  if (row.document_id === '') return null;
  if (row.before === 0) return <span class="soft">{isWhole ? 'new' : '–'}</span>;
  const by = row.before - row.rank;
  if (by === 0) return <span class="soft">=</span>;
  return (
    <span title={`It was at rank ${count(row.before)}`} class={by > 0 ? 'good' : 'warn'}>
      <span aria-hidden="true">{by > 0 ? '▲' : '▼'}</span><span class="off-screen">{by > 0 ? 'up' : 'down'} </span>{count(Math.abs(by))}
    </span>);
}

export function Score({ value, best }: { value: number | null; best: number }): VNode {
  const share = value !== null && best > 0 ? Math.max(0, Math.min(1, value / best)) : 0;
  return (
    <span class="score">
      <span class="score-bar" aria-hidden="true"><span style={{ width: `${100 * share}%` }} /></span>
      <span class="score-value">{score(value)}</span>
    </span>);
}
