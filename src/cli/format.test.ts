import { describe, expect, it } from 'vitest';
import { formatAge, formatNumber, formatWeight } from './format.ts';
import { formatTable } from './table.ts';

describe('formats for people', () => {
  it.each([
    [500, '5 %'],
    [1250, '12.5 %'],
    [10_000, '100 %'],
    [1, '0.01 %'],
  ])('weight %d is %s', (weight, text) => expect(formatWeight(weight)).toBe(text));
  it.each([
    [undefined, '-'],
    [Number.NaN, '-'],
    [1.26, '1.3 ms'],
  ])('number %s is %s', (value, text) => expect(formatNumber(value, 1, ' ms')).toBe(text));
  it.each([
    [0, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [7_200_000, '2h'],
    [172_800_000, '2d'],
    [-5000, '0s'],
  ])('age of %d ms is %s', (ms, text) => expect(formatAge(1_000_000_000 - ms, 1_000_000_000)).toBe(text));
});

describe('tables', () => {
  const columns = [
    { heading: 'NAME', cell: (row: string[]) => row[0] ?? '' },
    { heading: 'MESSAGE', cell: (row: string[]) => row[1] ?? '' },
  ];
  it('align columns without borders or trailing blanks', () =>
    expect(
      formatTable(columns, [
        ['a', 'one'],
        ['long-name', 'two'],
      ]),
    ).toBe('NAME       MESSAGE\na          one\nlong-name  two'));
  it('cut the last column to the width of the terminal', () =>
    expect(formatTable(columns, [['a', 'a message that is much too long']], 20).split('\n')[1]).toBe(
      'a     a message tha…',
    ));
});
