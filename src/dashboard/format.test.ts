import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatDuration,
  formatMeasure,
  formatMs,
  formatNumber,
  formatOdds,
  formatPercent,
  formatWeight,
} from './format.ts';

describe('numbers as people read them', () => {
  it.each([
    [undefined, '—'],
    [Number.NaN, '—'],
    [0, '0'],
    [0.1234, '0.123'],
    [12.345, '12.3'],
    [412.4, '412'],
    [1_204, '1204'],
    [12_345, '12.3k'],
    [2_500_000, '2.5M'],
  ])('%s is %s', (value, text) => expect(formatNumber(value)).toBe(text));

  it.each([
    [0, '0 %'],
    [2_500, '25 %'],
    [3_333, '33.3 %'],
    [10_000, '100 %'],
  ])('weight %s is %s', (weight, text) => expect(formatWeight(weight)).toBe(text));

  it.each([
    [undefined, '—'],
    [0.001, '< 0.01 %'],
    [0.12, '0.12 %'],
    [0.0602, '0.06 %'],
    [30.2, '30.2 %'],
  ])('%s percent is %s', (percent, text) => expect(formatPercent(percent)).toBe(text));

  it.each([
    [2.13, '2.13 ms'],
    [143.4, '143 ms'],
    [8_200, '8.2 s'],
  ])('%s ms is %s', (ms, text) => expect(formatMs(ms)).toBe(text));

  it.each([
    [3, '1000 : 1'],
    [0, '1 : 1'],
    [-2.2, '1 : 160'],
    [6.2, '10⁶ : 1'],
    [undefined, '—'],
  ])('evidence %s is %s', (log10, text) => expect(formatOdds(log10)).toBe(text));

  it.each([
    [0.302, 'ratio', '30.2 %'],
    [21.5, 'ms', '21.5 ms'],
    [3, 'req', '3 req'],
    [0.87, '', '0.87'],
    [undefined, 'ms', '—'],
  ])('%s %s is %s', (value, unit, text) => expect(formatMeasure(value, unit)).toBe(text));

  it.each([
    [900, '1s'],
    [95_000, '1m 35s'],
    [120_000, '2m'],
    [7_260_000, '2h 1m'],
    [200_000_000, '2d'],
  ])('%s ms take %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [1_000, 'just now'],
    [-35_000, '36s ago'],
    [undefined, 'never'],
  ])('%s is %s', (at, text) => expect(formatAge(at, 1_000)).toBe(text));
});
