import { describe, expect, it } from 'vitest';
import { parseTimeoutMs, problemTrailers } from './headers.ts';

describe('grpc-timeout', () => {
  it.each([
    ['2H', 7_200_000],
    ['3M', 180_000],
    ['5S', 5_000],
    ['250m', 250],
    ['1500u', 1.5],
    ['99999999n', 99.999999],
    ['0m', 0],
    [undefined, Number.POSITIVE_INFINITY],
    ['', Number.POSITIVE_INFINITY],
    ['5', Number.POSITIVE_INFINITY],
    ['-5S', Number.POSITIVE_INFINITY],
    ['123456789S', Number.POSITIVE_INFINITY],
  ])('%s is %d ms', (header, expected) => {
    expect(parseTimeoutMs(header)).toBeCloseTo(expected, 9);
  });
});

describe('a problem', () => {
  it.each([
    ['plain words', 'plain words'],
    ['100 %', '100 %25'],
    ['zwölf\n', 'zw%C3%B6lf%0A'],
    ['€😀', '%E2%82%AC%F0%9F%98%80'],
  ])('says "%s" in ASCII', (message, encoded) => {
    expect(problemTrailers({ code: 'NOT_FOUND', message })).toEqual({
      'grpc-status': '5',
      'grpc-message': encoded,
    });
  });
});
