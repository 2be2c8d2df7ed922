import { describe, expect, it } from 'vitest';
import { durationOf, fraction, setHeader } from './value.ts';

describe('durationOf', () => {
  it.each([
    [0, 0n, 0],
    [1, 0n, 1_000_000],
    [1500, 1n, 500_000_000],
    [0.5, 0n, 500_000],
    [999.9999999, 1n, 0],
    [600_000, 600n, 0],
  ])('%f ms', (ms, seconds, nanos) => {
    expect(durationOf(ms)).toEqual({ seconds, nanos });
  });
});

describe('fraction', () => {
  it.each([
    [0, 0],
    [1, 100],
    [500, 50_000],
    [10_000, 1_000_000],
  ])('%d hundredths of a percent', (given, millionths) => {
    expect(fraction(given)).toMatchObject({ numerator: millionths });
  });
});

describe('setHeader', () => {
  it('keeps a percent sign from being read as a command', () => {
    expect(setHeader('x', '50 %REQ(a)%')).toMatchObject({ header: { key: 'x', value: '50 %%REQ(a)%%' } });
  });
});
