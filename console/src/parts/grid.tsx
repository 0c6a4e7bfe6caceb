// A table of any number of rows, of which those in sight are drawn. One tab stop; arrows, j and k
// move a cursor that is kept by the row's name, so that rows that come and go do not move it.
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { scrollToRow, visibleRows } from '../state/virtual';
import { useScroll } from './scroll';

export const ROW_HEIGHT = 28;

export interface Column<T> {
  name: string;
  title: ComponentChildren;
  width: string; // Of a CSS grid: "7rem", "minmax(8rem, 1fr)".
  cell: (row: T, index: number) => ComponentChildren;
  over?: (row: T) => ComponentChildren; // More in the cell while the pointer is over it.
  align?: 'end';
  sort?: 'ascending' | 'descending' | 'none'; // Absent: cannot be sorted by.
  onSort?: () => void;
  help?: string; // Title of the head.
}

export interface GridProps<T> {
  label: string;
  columns: Column<T>[];
  rows: readonly T[];
  idOf: (row: T) => string;
  total?: number; // Rows that there are, where not all are loaded; -1 where that is not known.
  cursor?: string | null;
  onCursor?: (id: string, row: T) => void;
  onOpen?: (row: T, event: Event) => void;
  rowClass?: (row: T) => string;
  onNearEnd?: () => void; // Called when the last rows come in sight.
  dim?: boolean; // Old content, while new is under way.
  foot?: ComponentChildren;
  scrollKey?: string; // Another one scrolls to the top.
  onTop?: (isAtTop: boolean) => void;
}

export function Grid<T>(props: GridProps<T>): VNode {
  const { columns, rows, idOf, cursor = null } = props;
  const box = useRef<HTMLDivElement>(null);
  const [scroll, measure] = useScroll(box);
  const cursorIndex = cursor === null ? -1 : rows.findIndex((row) => idOf(row) === cursor);

  useEffect(() => {
    box.current!.scrollTop = 0;
  }, [props.scrollKey]);

  const head = ROW_HEIGHT;
  const { first, end } = visibleRows(scroll.top, scroll.height, ROW_HEIGHT, rows.length, scroll.isMeasured ? undefined : 0);
  const nearEnd = end >= rows.length - 30;
  useEffect(() => {
    if (nearEnd) props.onNearEnd?.();
  }, [nearEnd, rows.length]);

  // The cursor is kept in sight when it moves, not when rows do.
  useEffect(() => {
    if (cursorIndex < 0) return;
    const element = box.current!;
    const to = scrollToRow(cursorIndex, element.scrollTop, element.clientHeight - head, ROW_HEIGHT);
    if (to !== element.scrollTop) element.scrollTop = to;
  }, [cursor]);

  const move = (to: number) => {
    const row = rows[Math.min(Math.max(0, to), rows.length - 1)];
    if (row !== undefined) props.onCursor?.(idOf(row), row);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== box.current) return;
    const page = Math.max(1, Math.floor((scroll.height - head) / ROW_HEIGHT) - 1);
    switch (event.key) {
      case 'ArrowDown': move(cursorIndex + 1); break;
      case 'ArrowUp': move(cursorIndex < 0 ? 0 : cursorIndex - 1); break;
      case 'PageDown': move(cursorIndex + page); break;
      case 'PageUp': move(cursorIndex - page); break;
      case 'Home': move(0); break;
      case 'End': move(rows.length - 1); break;
      case 'Enter': {
        const row = rows[cursorIndex];
        if (row === undefined) return;
        props.onOpen?.(row, event);
        break;
      }
      default: return;
    }
    event.preventDefault();
  };
  const onScroll = () => {
    measure();
    if (box.current) props.onTop?.(box.current.scrollTop < ROW_HEIGHT);
  };

  const template = { gridTemplateColumns: columns.map((column) => column.width).join(' ') };
  const least = leastWidth(columns);
  const active = cursorIndex >= first && cursorIndex < end ? rowId(props.label, cursor!) : undefined;
  return (
    <div class={`grid${props.dim ? ' is-old' : ''}`} role="grid" aria-label={props.label} tabIndex={0} ref={box}
      aria-rowcount={props.total === undefined ? rows.length + 1 : props.total < 0 ? -1 : props.total + 1} aria-colcount={columns.length}
      aria-activedescendant={active} onKeyDown={onKeyDown} onScroll={onScroll}
      onFocus={() => { if (cursorIndex < 0 && rows.length > 0 && !props.onCursor) move(0); }}>
      <div class="grid-head grid-row" role="row" aria-rowindex={1} style={{ ...template, minWidth: least }}>
        {columns.map((column) => (
          <div role="columnheader" key={column.name} class={column.align === 'end' ? 'is-end' : ''} title={column.help}
            aria-sort={column.sort === 'none' ? undefined : column.sort}>
            {column.sort === undefined ? column.title : (
              <button type="button" class="plain" tabIndex={-1} onClick={column.onSort}>
                {column.title}{column.sort === 'descending' ? ' ▾' : column.sort === 'ascending' ? ' ▴' : ''}
              </button>)}
          </div>))}
      </div>
      <div class="grid-body" role="rowgroup" style={{ height: `${rows.length * ROW_HEIGHT}px`, minWidth: least }}>
        {rows.slice(first, end).map((row, i) => {
          const id = idOf(row);
          const index = first + i;
          return (
            <GridRow key={id} id={rowId(props.label, id)} row={row} index={index} columns={columns} template={template}
              isCursor={id === cursor} kind={props.rowClass?.(row) ?? ''}
              onClick={(event) => {
                props.onCursor?.(id, row);
                if (!(event.target as Element).closest('a, button, input')) props.onOpen?.(row, event);
              }} />);
        })}
      </div>
      {props.foot}
    </div>);
}

interface GridRowProps<T> {
  id: string;
  row: T;
  index: number;
  columns: Column<T>[];
  template: { gridTemplateColumns: string };
  isCursor: boolean;
  kind: string;
  onClick: (event: MouseEvent) => void;
}

function GridRow<T>({ id, row, index, columns, template, isCursor, kind, onClick }: GridRowProps<T>): VNode {
  const [over, setOver] = useState(-1); // The cell under the pointer.
  const follows = columns.some((column) => column.over);
  return (
    <div role="row" id={id} aria-rowindex={index + 2} aria-selected={isCursor} class={`grid-row${isCursor ? ' is-cursor' : ''} ${kind}`}
      style={{ ...template, transform: `translateY(${index * ROW_HEIGHT}px)` }} onClick={onClick}
      onPointerOver={follows ? (event) => setOver([...event.currentTarget.children].findIndex((cell) => cell.contains(event.target as Node))) : undefined}
      onPointerLeave={follows ? () => setOver(-1) : undefined}>
      {columns.map((column, i) => (
        <div role="gridcell" key={column.name} class={column.align === 'end' ? 'is-end' : ''}>{column.cell(row, index)}{i === over && column.over?.(row)}</div>))}
    </div>);
}

// Every row is as wide as the least widths of all columns together, so that columns stand below
// each other whatever the rows hold.
function leastWidth(columns: readonly { width: string }[]): string {
  return `calc(${columns.map(({ width }) => /^minmax\(([^,]+),/.exec(width)?.[1] ?? width).join(' + ')})`;
}

function rowId(label: string, id: string): string {
  return `${label}:${id}`.replace(/\s+/g, '_');
}
