// Which searches found a document, in a cell, and as a choice above the documents.
import type { VNode } from 'preact';
import type { Column } from '../../parts/grid';
import { count, score } from '../../state/format';
import { choices, disagree, foundBy, foundByText, type Part, type Search } from '../../state/found_by';

const APART = 'Among the first 10 of one search, and 50 ranks below or not found in another';

export function FoundByChoice({ documents, searches, chosen, onChoose }: {
  documents: readonly (readonly Part[])[]; searches: readonly Search[]; chosen: string | null; onChoose: (chosen: string | null) => void;
}): VNode {
  return (
    <div class="line found-by" role="group" aria-label="Found by">
      <span class="soft" aria-hidden="true">found by</span>
      <button type="button" aria-pressed={chosen === null} onClick={() => onChoose(null)}>any <span class="soft">{count(documents.length)}</span></button>
      {choices(documents, searches, chosen).map((one) => (
        <button type="button" key={one.name} aria-pressed={one.name === chosen} title={one.name === 'apart' ? APART : undefined}
          onClick={() => onChoose(one.name === chosen ? null : one.name)}>
          <span aria-hidden="true">{one.sign} </span>{one.title} <span class="soft">{count(one.count)}</span>
        </button>))}
    </div>);
}

/** A column for each search, with its rank and score, and one that says which of them found the document. */
export function searchColumns<T>(searches: readonly Search[], partsOf: (row: T) => readonly Part[], more: (name: string) => Partial<Column<T>> = () => ({})): Column<T>[] {
  if (searches.length === 0) return [];
  return [
    ...searches.map((search): Column<T> => ({
      name: `by:${search.place}`, title: `by ${search.title}`, width: '8rem', align: 'end',
      help: `Rank and score by ${search.feature}, which found ${count(search.candidates)}`,
      cell: (row) => {
        const part = partsOf(row).find((one) => one.search === search.place);
        return part ? <><strong>{count(part.rank)}</strong> <span class="soft flow-score">{score(part.score)}</span></>
          : <span class="soft"><span aria-hidden="true">–</span><span class="off-screen">not found</span></span>;
      },
      ...more(`by:${search.place}`),
    })),
    { name: 'found', title: 'Found by', width: '10.5rem', help: 'Which of the searches found it', cell: (row) => <Found parts={partsOf(row)} searches={searches} /> },
  ];
}

function Found({ parts, searches }: { parts: readonly Part[]; searches: readonly Search[] }): VNode | null {
  const found = foundBy(parts, searches);
  if (found === null) return null;
  const { sign, title } = foundByText(found, searches);
  return (
    <>
      <span aria-hidden="true">{sign} </span>{title}
      {disagree(parts, searches) && <span class="warn" title={APART}> <span aria-hidden="true">≠</span><span class="off-screen">, far apart</span></span>}
    </>);
}
