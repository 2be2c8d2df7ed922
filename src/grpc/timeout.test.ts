import { expect, it } from 'vitest';
import { parseTimeoutMs } from './timeout.ts';

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
])('a grpc-timeout of %s is %d ms', (header, expected) => {
  expect(parseTimeoutMs(header)).toBeCloseTo(expected, 9);
});
