// The documents of one boundary, with the ranks of both runs.
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { ExecutionDetail, ListDiff } from '../../api/schema';
import { Grid, type Column } from '../../parts/grid';
import { Title } from '../../parts/title';
import { collectionName } from '../../state/collections';
import { useShortcuts } from '../../state/keyboard';
import { count, plural, score } from '../../state/format';
import { completed, keyOf, lostAfter, pairRanks, rise, wordsOf, type Fate, type PairedRow, type Ranked } from '../../state/ranks';
import { go, href, route } from '../../state/route';

interface Recorded {
  stage_name: string;
  candidates?: Ranked[];
  candidates_truncated?: boolean;
}

const stagesOf = (run: ExecutionDetail) => run.stages as unknown as Recorded[];

export interface Boundary {
  a: Ranked[];
  b: Ranked[];
  cutA: boolean; // There was more than was recorded.
  cutB: boolean;
  title: string;
  answer: ListDiff | null; // What the server says of the two lists, which may know more than the records.
}

/** What both runs had after a stage, or at the end. */
export function boundaryOf(a: ExecutionDetail, b: ExecutionDetail, stageA: number | null, stageB: number | null, title: string, answer: ListDiff | null): Boundary {
  const side = (run: ExecutionDetail, stage: number | null): [Ranked[], boolean] => {
    if (stage === null) {
      const results = (run.results ?? []) as unknown as Ranked[];
      // What a row has in it stands with the stage that made it.
      const last = stagesOf(run).at(-1)?.candidates ?? [];
      const rows = last.length === results.length && results.some((one) => one.document_id === '') ? last : results;
      return [rows, run.total_returned > results.length];
    }
    const one = stagesOf(run)[stage];
    return [one?.candidates ?? [], one?.candidates_truncated ?? false];
  };
  const [listA, cutA] = side(a, stageA);
  const [listB, cutB] = side(b, stageB);
  return { a: listA, b: listB, cutA, cutB, title, answer };
}

function Move({ row }: { row: PairedRow }): VNode {
  const by = rise(row);
  switch (row.fate) {
    case 'entered': return <span class="good">new</span>;
    case 'left': return <span class="bad">gone</span>;
    case 'moved': return by! > 0 ? <span class="good">▲ {by}</span> : <span class="warn">▼ {-by!}</span>;
    case 'rescored': return <span class="soft">score</span>;
    case 'same': return <span class="soft" aria-label="same">=</span>;
  }
}

// A row that a stage made has no document; it is told by what is in it.
function MadeRow({ a, b }: { a: Ranked | undefined; b: Ranked | undefined }): VNode {
  const [inA, inB] = [wordsOf(a), wordsOf(b)];
  const text = a && b && inA !== inB ? `${inA} → ${inB}` : inA || inB;
  return text === '' ? <span class="soft">a row that a stage made</span> : <bdi title={text}>{text}</bdi>;
}

const FATES: { fate: Fate; words: string }[] = [
  { fate: 'entered', words: 'only in B' },
  { fate: 'left', words: 'only in A' },
  { fate: 'moved', words: 'moved' },
  { fate: 'rescored', words: 'with another score' },
  { fate: 'same', words: 'the same' },
];

export function Documents({ a, b, boundary, onlyChanged, onOnlyChanged }: {
  a: ExecutionDetail; b: ExecutionDetail; boundary: Boundary; onlyChanged: boolean; onOnlyChanged: (on: boolean) => void;
}): VNode {
  const { namespace } = route.value;
  const all = useMemo(() => {
    const rows = pairRanks(boundary.a, boundary.b);
    const { answer } = boundary;
    // Lists that were cut short may have been completed for the answer.
    return answer && !answer.cut_short && (boundary.cutA || boundary.cutB) ? completed(rows, [...answer.entered, ...answer.left, ...answer.moved]) : rows;
  }, [boundary]);
  const rows = useMemo(() => (onlyChanged ? all.filter(({ fate }) => fate !== 'same') : all), [all, onlyChanged]);
  const [cursor, setCursor] = useState<string | null>(null);
  const later = useMemo(() => [a, b].map((run) => stagesOf(run).map((stage) => new Set((stage.candidates ?? []).map(keyOf)))), [a, b]);
  const isCut = useMemo(() => [a, b].map((run) => stagesOf(run).some((stage) => stage.candidates_truncated)), [a, b]);

  // Where the run that does not have it lost it.
  const lost = (row: PairedRow): string => {
    if (row.document_id === '' || (row.rankA !== null && row.rankB !== null)) return '';
    const side = row.rankB === null ? 1 : 0;
    const run = side === 1 ? b : a;
    const at = lostAfter(later[side]!, row.key);
    if (at === null) return isCut[side] ? 'not recorded there' : '';
    if (at === -1) return isCut[side] ? 'not among those recorded' : `after no stage of ${'AB'[side]}`;
    return `${'AB'[side]} lost it at ${stagesOf(run)[at]?.stage_name ?? '?'}`;
  };
  const whyHref = (run: ExecutionDetail, row: PairedRow) => href(namespace, 'why', [run.execution_id, row.collection_id, row.document_id]);
  const openWhy = (row: PairedRow) => {
    if (row.document_id) go(whyHref(row.rankB === null ? b : row.rankA === null ? a : b, row));
  };
  useShortcuts([
    { keys: 'w', says: 'Why (not) the document under the cursor', run: () => {
      const row = rows.find((one) => one.key === cursor);
      if (!row) return false;
      openWhy(row);
      return true;
    } },
    { keys: 'j', says: 'Next document', run: () => step(1) },
    { keys: 'k', says: 'Document before', run: () => step(-1) },
  ]);
  const step = (by: number) => {
    const at = rows.findIndex((row) => row.key === cursor);
    const row = rows[Math.min(Math.max(0, at + by), rows.length - 1)];
    if (row) setCursor(row.key);
  };

  // As the last run that has it saw it.
  const versionOf = (row: PairedRow) => ((row.rankB === null ? a : b).collection_versions as { collection_id: string; version: number }[] | undefined)
    ?.find((one) => one.collection_id === row.collection_id)?.version;

  const severalCollections = new Set(all.map((row) => row.collection_id)).size > 1;
  const columns: Column<PairedRow>[] = [
    { name: 'a', title: 'A', width: '4.2rem', align: 'end', help: 'Rank in A', cell: (row) => (row.rankA === null ? '–' : count(row.rankA)) },
    { name: 'b', title: 'B', width: '4.2rem', align: 'end', help: 'Rank in B', cell: (row) => (row.rankB === null ? '–' : count(row.rankB)) },
    { name: 'move', title: <abbr title="How many places it rose or fell from A to B">Δ</abbr>, width: '4.5rem', cell: (row) => <Move row={row} /> },
    { name: 'document', title: 'Document', width: 'minmax(11rem, 2fr)', cell: (row) => (row.document_id === ''
      ? <MadeRow a={row.rankA === null ? undefined : boundary.a[row.rankA - 1]} b={row.rankB === null ? undefined : boundary.b[row.rankB - 1]} />
      : <a href={href(namespace, 'collections', [collectionName(row.collection_id), row.document_id])} title={row.document_id} tabIndex={-1}><bdi>{row.document_id}</bdi></a>) },
    { name: 'title', title: 'Title', width: 'minmax(8rem, 2fr)', help: 'What it was called', cell: (row) => row.document_id !== '' && <Title collection={row.collection_id} document={row.document_id} version={versionOf(row)} /> },
    ...(severalCollections ? [{ name: 'collection', title: 'Collection', width: '9rem', cell: (row: PairedRow) => <bdi class="soft">{collectionName(row.collection_id)}</bdi> }] : []),
    { name: 'score-a', title: 'Score A', width: '6rem', align: 'end', cell: (row) => score(row.scoreA) },
    { name: 'score-b', title: 'Score B', width: '6rem', align: 'end', cell: (row) => (row.scoreA !== null && row.scoreB !== null && row.scoreA !== row.scoreB
      ? <strong>{score(row.scoreB)}</strong> : score(row.scoreB)) },
    { name: 'why', title: 'Why', width: 'minmax(15rem, 1.4fr)', cell: (row) => row.document_id !== '' && (
      <span class="line compare-why">
        <a href={whyHref(a, row)} tabIndex={-1}>{row.rankA === null ? 'why not in A' : 'why in A'}</a>
        <a href={whyHref(b, row)} tabIndex={-1}>{row.rankB === null ? 'why not in B' : 'why in B'}</a>
        <span class="soft">{lost(row)}</span>
      </span>) },
  ];

  const counts = FATES.map((one) => ({ ...one, n: all.filter((row) => row.fate === one.fate).length })).filter(({ n }) => n > 0);
  return (
    <section class="stack compare-documents" aria-label={`Documents ${boundary.title}`}>
      <div class="line">
        <h2>Documents <bdi>{boundary.title}</bdi></h2>
        <span class="soft">{counts.map(({ n, words }) => `${count(n)} ${words}`).join(' · ')}</span>
        <span class="spring" />
        <label class="check-field"><input type="checkbox" checked={onlyChanged} onChange={(event) => onOnlyChanged(event.currentTarget.checked)} /> only what differs</label>
      </div>
      {(boundary.cutA || boundary.cutB) && (
        <p class="warn">
          Recorded are the first {count(boundary.a.length)} of A and the first {count(boundary.b.length)} of B; a dash means “not among those”.
        </p>)}
      {rows.length === 0
        ? <p class="soft compare-nothing">{all.length === 0 ? 'Neither run has a document here.' : `All ${plural(all.length, 'document', 'documents')} have the same rank and score in both.`}</p>
        : (
          <div class="compare-grid" style={{ height: `${Math.min(rows.length, 16) * 28 + 48}px` }}>
            <Grid label={`Documents ${boundary.title}`} columns={columns} rows={rows} idOf={(row) => row.key} scrollKey={boundary.title}
              cursor={cursor} onCursor={(id) => setCursor(id)} rowClass={(row) => `compare-${row.fate}`} onOpen={(row, event) => { if (event.type === 'keydown') openWhy(row); }} />
          </div>)}
    </section>);
}
