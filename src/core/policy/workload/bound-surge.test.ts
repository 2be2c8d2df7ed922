import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundSurge, type SurgeInput } from './bound-surge.ts';

/** Brings both versions to where they are allowed to be, as controllers of Deployments would, one after the other. */
function settle(given: Omit<SurgeInput, 'stablePods'>, stable: number, candidate: number) {
  let most = stable + candidate;
  for (let round = 0; round < 10; round++) {
    const surge = boundSurge({ ...given, stablePods: stable });
    candidate = Math.max(candidate, surge.candidate);
    most = Math.max(most, stable + candidate);
    stable = Math.min(Math.max(stable, surge.stable.atLeast), surge.stable.atMost);
    most = Math.max(most, stable + candidate);
  }
  return { stable, candidate, most };
}

describe('a bounded surge', () => {
  it.each([
    ['before the first traffic, beside all of stable', { relieved: 0, candidate: 1 }, 8, [8, 1]],
    ['and no more than that', { relieved: 0, candidate: 5 }, 8, [8, 2]],
    ['makes room as stable is relieved', { relieved: 0.25, candidate: 4 }, 8, [6, 4]],
    ['and only as much as the candidate needs', { relieved: 0.5, candidate: 4 }, 8, [6, 4]],
    ['leaves stable the surge when all is moved', { relieved: 1, candidate: 8 }, 8, [2, 8]],
    ['gives everything back to stable at once', { relieved: 0, candidate: 8 }, 2, [8, 8]],
  ] as const)('%s', (_, given, stable, expected) => {
    const from = given.relieved === 0 && stable === 2 ? 8 : 0;
    const settled = settle({ all: 8, maxSurge: 2, ...given }, stable, from);
    expect([settled.stable, settled.candidate]).toEqual(expected);
  });

  it('is never exceeded on the way up, and stable always has what its share needs', () => {
    const ramp = fc.record({
      all: fc.integer({ min: 1, max: 40 }),
      maxSurge: fc.integer({ min: 1, max: 10 }),
      steps: fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 8 }),
    });
    fc.assert(
      fc.property(ramp, ({ all, maxSurge, steps }) => {
        const weights = [0, ...steps.sort((a, b) => a - b)];
        let stable = all;
        let candidate = 0;
        for (const [index, weight] of weights.entries()) {
          const relieved = weight / 10_000;
          const next = Math.ceil((all * (weights[index + 1] ?? 10_000)) / 10_000);
          const settled = settle({ all, maxSurge, relieved, candidate: next }, stable, candidate);
          expect(settled.most).toBeLessThanOrEqual(all + maxSurge);
          expect(settled.stable).toBeGreaterThanOrEqual(Math.ceil(all * (1 - relieved) - 1e-6));
          ({ stable, candidate } = settled);
          // Who has not the replicas stays at this stage.
          if (candidate < next) return;
        }
      }),
    );
  });

  it('always finds room for a step of s percent with ⌈all·s/100⌉ + 1', () => {
    const step = fc.record({
      all: fc.integer({ min: 1, max: 60 }),
      from: fc.integer({ min: 0, max: 9999 }),
      by: fc.integer({ min: 1, max: 10_000 }),
    });
    fc.assert(
      fc.property(step, ({ all, from, by }) => {
        const to = Math.min(10_000, from + by);
        const maxSurge = Math.ceil((all * (to - from)) / 10_000) + 1;
        const needed = Math.ceil((all * to) / 10_000);
        const had = Math.ceil((all * from) / 10_000);
        const settled = settle({ all, maxSurge, relieved: from / 10_000, candidate: needed }, all, had);
        expect(settled.candidate).toBe(needed);
      }),
    );
  });
});
