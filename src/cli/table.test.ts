import { describe, expect, it } from 'vitest';
import { type Column, formatTable } from './table.ts';

type Row = readonly [namespace: string, name: string, message: string];

const columns: readonly Column<Row>[] = [
  { heading: 'NAMESPACE', cell: ([namespace]) => namespace, spare: 1 },
  { heading: 'NAME', cell: ([, name]) => name },
  { heading: 'MESSAGE', cell: ([, , message]) => message },
];
const rows: readonly Row[] = [['default', 'fraud-v2', 'no sidecar is connected that could have the weights']];

describe('a table', () => {
  it('is as wide as needed where nobody limits it', () => {
    expect(formatTable(columns, rows)).toBe(
      'NAMESPACE  NAME      MESSAGE\ndefault    fraud-v2  no sidecar is connected that could have the weights',
    );
  });

  it('has colours for tones, which take no room', () => {
    const toned = columns.map((column) => ({ ...column, tone: () => 'bad' as const }));
    const painted = formatTable(toned, rows, 50, true);
    const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    expect(painted).toMatch(ESCAPES);
    expect(painted.replaceAll(ESCAPES, '')).toBe(formatTable(columns, rows, 50));
    expect(formatTable(toned, rows, 50)).toBe(formatTable(columns, rows, 50));
  });

  it.each([
    [80, 'default    fraud-v2  no sidecar is connected that could have the weights'],
    [50, 'default    fraud-v2  no sidecar is connected that…'],
    [40, 'fraud-v2  no sidecar is connected that …'],
    [10, 'fraud-v2  no sidecar …'],
  ])('of %i columns leaves out what is spare and cuts the last column', (width, line) => {
    expect(formatTable(columns, rows, width).split('\n')[1]).toBe(line);
  });
});
