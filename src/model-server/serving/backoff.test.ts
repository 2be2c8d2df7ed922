import { expect, it } from 'vitest';
import { deathsInRow, restartDelayMs } from './backoff.ts';

it('waits longer after each death, up to ten seconds', () => {
  expect([1, 2, 3, 7, 8, 100].map(restartDelayMs)).toEqual([100, 200, 400, 6_400, 10_000, 10_000]);
});

it('begins again after a runner that lived', () => {
  expect([deathsInRow(5, 29_999), deathsInRow(5, 30_000)]).toEqual([6, 1]);
});
