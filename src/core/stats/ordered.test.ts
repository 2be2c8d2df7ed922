import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderedFactors } from './ordered.ts';

const RATIOS = [1.5, 6];

/** All ways in which `n` observations may fall into cells, each with its probability. */
function* falls(shares: readonly number[], n: number): Generator<{ counts: number[]; probability: number }> {
  if (n === 0) {
    yield { counts: shares.map(() => 0), probability: 1 };
    return;
  }
  for (const { counts, probability } of falls(shares, n - 1)) {
    for (const [cell, share] of shares.entries()) {
      yield {
        counts: counts.map((count, i) => count + (i === cell ? 1 : 0)),
        probability: probability * share,
      };
    }
  }
}

/** E[E] over everything that one look can show, one observation of the candidate beside two of stable. */
function expectation(
  candidate: readonly number[],
  stable: readonly number[],
  believed: readonly number[],
): number[] {
  const means = RATIOS.map(() => 0);
  for (const c of falls(candidate, 1)) {
    for (const s of falls(stable, 2)) {
      const logs = orderedFactors({ candidate: c.counts, stable: s.counts }, believed, RATIOS);
      for (const [k, log] of logs.entries())
        means[k] = (means[k] ?? 0) + c.probability * s.probability * Math.exp(log);
    }
  }
  return means;
}

const shares = fc
  .array(fc.integer({ min: 1, max: 100 }), { minLength: 4, maxLength: 4 })
  .map((weights) => weights.map((weight) => weight / weights.reduce((sum, each) => sum + each, 0)));

/** Some of every cell's mass moved to a faster one: stochastically no larger. */
function faster(distribution: readonly number[], moved: readonly number[]): number[] {
  const result = [...distribution];
  for (let cell = result.length - 1; cell > 0; cell--) {
    const mass = (result[cell] ?? 0) * (moved[cell] ?? 0);
    result[cell] = (result[cell] ?? 0) - mass;
    result[cell - 1] = (result[cell - 1] ?? 0) + mass;
  }
  return result;
}

describe('all cells at once', () => {
  it('is a fair bet at best while the candidate is no slower, whatever is believed of stable', () => {
    const moved = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(shares, shares, moved, (stable, believed, less) => {
        for (const mean of expectation(faster(stable, less), stable, believed)) {
          expect(mean).toBeLessThanOrEqual(1 + 1e-9);
        }
      }),
    );
  });

  it('gains while the candidate is slower', () => {
    const stable = [0.25, 0.25, 0.25, 0.25];
    for (const mean of expectation([0.1, 0.1, 0.3, 0.5], stable, stable)) expect(mean).toBeGreaterThan(1);
  });

  it('tells nothing where one version had no requests', () => {
    expect(orderedFactors({ candidate: [0, 0], stable: [3, 4] }, [0.5, 0.5], RATIOS)).toEqual([0, 0]);
    expect(orderedFactors({ candidate: [1, 0], stable: [0, 0] }, [0.5, 0.5], RATIOS)).toEqual([0, 0]);
  });

  it('takes an answer that may be in either of two cells for no more than one in one of them', () => {
    const at = (candidate: number[]) =>
      orderedFactors({ candidate, stable: [5, 5, 5] }, [0.3, 0.3, 0.4], [2])[0] ?? Number.NaN;
    expect(at([0, 0.5, 0.5])).toBeLessThanOrEqual(Math.max(at([0, 1, 0]), at([0, 0, 1])));
  });
});
