import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duration, formatDuration, longestMs, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  it.each([
    ['0s', 0],
    ['80ms', 80],
    ['30s', 30_000],
    ['0.5s', 500],
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['1m0s1ms', 60_001],
  ])('reads %s as %d ms', (text, spanMs) => {
    expect(parseDuration(text)).toBe(spanMs);
  });

  it.each(['', '30', 's', '-1s', '1 s', '1d', '1S', '.5s', '0.5ms', '1e3s', ' 1s'])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('reads back what formatDuration writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: longestMs }), (spanMs) => {
        expect(parseDuration(formatDuration(spanMs))).toBe(spanMs);
      }),
    );
  });
});

describe('duration', () => {
  it.each([
    [30, '30 has no unit; a duration such as "30s" or "30ms"'],
    [
      '10x',
      '"10x" is not a duration; numbers with the units h, m, s or ms, such as "30s", "80ms" or "1h30m"',
    ],
    ['0.1ms', '"0.1ms" is finer than a millisecond; a whole number of milliseconds, such as "1ms"'],
    ['5ms', '5ms is out of range; from 10ms to 1m'],
    ['61s', '61s is out of range; from 10ms to 1m'],
  ])('says what is wrong with %j', (value, message) => {
    const { error } = duration({ min: '10ms', max: '1m' }).safeParse(value);
    expect(error?.issues.map((issue) => issue.message)).toEqual([message]);
  });

  it('allows none where no range is given', () => {
    expect(duration().parse('0s')).toBe(0);
  });
});
