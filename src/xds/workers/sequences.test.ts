import { describe, expect, test } from 'vitest';
import { Sequences } from './sequences.ts';

describe('numbers of publications', () => {
  const sequences = new Sequences();
  // Here 3 and 5 were removals that had waited.
  for (const [deciding, own] of [
    [10, 1],
    [11, 2],
    [12, 4],
    [15, 6],
  ] as const)
    sequences.note(deciding, own);

  test.each([
    [3, 1],
    [10, 1],
    [11, 2],
    [12, 4],
    [13, 6],
    [15, 6],
    [16, Number.MAX_SAFE_INTEGER],
  ])('%i of the deciding process is in %i here', (deciding, own) => {
    expect(sequences.toOwn(deciding)).toBe(own);
  });

  test.each([
    [0, 0],
    [1, 10],
    [3, 11],
    [4, 12],
    [5, 12],
    [6, 15],
    [9, 15],
  ])('%i here has everything of %i', (own, deciding) => {
    expect(sequences.toDeciding(own)).toBe(deciding);
  });
});
