import CliTable from 'cli-table3';

/** A column: its heading and how its cell is made from a row. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
}

const BORDERLESS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/**
 * Rows under headings, in columns, without borders. With a width, the last column is cut to fit it.
 *
 * @param width columns of the terminal, or undefined for as wide as needed (a pipe).
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width?: number,
): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const used = columns
    .slice(0, -1)
    .reduce(
      (sum, column, i) =>
        sum + Math.max(column.heading.length, ...cells.map((row) => row[i]?.length ?? 0)) + 2,
      0,
    );
  const room = width === undefined ? Number.POSITIVE_INFINITY : Math.max(12, width - used);
  const table = new CliTable({
    head: columns.map((column) => column.heading),
    chars: BORDERLESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of cells)
    table.push(row.map((cell, i) => (i === row.length - 1 ? shorten(cell, room) : cell)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function shorten(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
