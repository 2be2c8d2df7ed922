import { expect, it } from 'vitest';
import { decideHeld } from './hysteresis.ts';

const bounds = { enterAbove: 0.9, leaveBelow: 0.85 };

it.each([
  ['is entered above the upper bound', false, 0.91, true],
  ['is not entered at it', false, 0.9, false],
  ['is kept between the bounds', true, 0.86, true],
  ['is not entered between the bounds', false, 0.89, false],
  ['is left below the lower bound', true, 0.84, false],
  ['is kept while nothing is known', true, undefined, true],
  ['is not entered while nothing is known', false, Number.NaN, false],
])('a state %s', (_what, held, value, expected) => {
  expect(decideHeld(held, value, bounds)).toBe(expected);
});
