import CliTable from 'cli-table3';
import pc from 'picocolors';

/** A column: its heading and how its cell is made from a row. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** Left out where the terminal is too narrow for all; 1 goes first. */
  readonly spare?: number;
  /** How the cell is to be taken; shown as a colour where there are colours. */
  readonly tone?: (row: Row) => Tone | undefined;
}

export type Tone = 'good' | 'warn' | 'bad';

const COLOURS = pc.createColors(true);
const PAINT = { good: COLOURS.green, warn: COLOURS.yellow, bad: COLOURS.red } as const;

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
const GAP = 2;
/** What the last column is left with at least, by leaving out others. */
const LEAST_LAST = 24;

/**
 * Rows under headings, in columns, without borders. With a width, spare columns are left out and the last one
 * is cut until it fits.
 *
 * @param width columns of the terminal, or undefined for as wide as needed (a pipe).
 * @param colours whether tones are shown
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width = Number.POSITIVE_INFINITY,
  colours = false,
): string {
  const shown = fitColumns(columns, rows, width);
  const room = Math.max(LEAST_LAST / 2, width - widthBeforeLast(shown, rows));
  const table = new CliTable({
    head: shown.map((column) => column.heading),
    chars: BORDERLESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) {
    table.push(
      shown.map((column, i) => {
        const text = i === shown.length - 1 ? shorten(column.cell(row), room) : column.cell(row);
        const tone = colours ? column.tone?.(row) : undefined;
        return tone === undefined ? text : PAINT[tone](text);
      }),
    );
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** The columns without as many of the spare ones as it takes. */
function fitColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): readonly Column<Row>[] {
  const last = columns.at(-1);
  const wanted = last === undefined ? 0 : Math.min(LEAST_LAST, widthOf(last, rows));
  if (widthBeforeLast(columns, rows) + wanted <= width) return columns;
  const spare = columns.filter((column) => column.spare !== undefined && column !== last);
  const first = spare.toSorted((a, b) => (a.spare ?? 0) - (b.spare ?? 0))[0];
  if (first === undefined) return columns;
  return fitColumns(
    columns.filter((column) => column !== first),
    rows,
    width,
  );
}

function widthBeforeLast<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): number {
  return columns.slice(0, -1).reduce((sum, column) => sum + widthOf(column, rows) + GAP, 0);
}

function widthOf<Row>({ heading, cell }: Column<Row>, rows: readonly Row[]): number {
  return rows.reduce((widest, row) => Math.max(widest, cell(row).length), heading.length);
}

function shorten(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
