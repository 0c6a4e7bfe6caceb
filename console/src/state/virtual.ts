// Which rows of one height are drawn.
export interface Window {
  first: number;
  end: number; // One past the last.
}

/** The rows in sight, and `margin` more on both sides. */
export function visibleRows(scrollTop: number, height: number, rowHeight: number, rows: number, margin = 8): Window {
  const first = Math.min(Math.max(0, Math.floor(scrollTop / rowHeight) - margin), Math.max(0, rows - 1));
  const end = Math.min(rows, Math.ceil((scrollTop + height) / rowHeight) + margin);
  return { first: rows === 0 ? 0 : first, end: Math.max(end, rows === 0 ? 0 : first + 1) };
}

/** Where to scroll so that a row is in sight; `scrollTop` where it is already. */
export function scrollToRow(row: number, scrollTop: number, height: number, rowHeight: number): number {
  if (row * rowHeight < scrollTop) return row * rowHeight;
  if ((row + 1) * rowHeight > scrollTop + height) return (row + 1) * rowHeight - height;
  return scrollTop;
}
