import { describe, expect, it } from 'vitest';
import { type Random, seeded } from '../../../bench/statistics/random.ts';
import type { HistogramCounts } from '../observation/observation.ts';
import { accumulate, EMPTY_MIXTURE, logEvidence } from './mixture.ts';
import {
  comparisonsNeeded,
  effectiveCount,
  maximumShift,
  populationStabilityIndex,
  scoreShiftFactors,
} from './score-shift.ts';
import { EMPTY_SLOWER_TEST, log10Slower, slowerThan, testSlower } from './slower.ts';

const LATENCY_BOUNDS = [1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 250, 500, 1000];
const SCORE_BOUNDS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

function histogramOf(values: readonly number[], bounds: readonly number[]): HistogramCounts {
  const counts = [...bounds.map(() => 0), 0];
  for (const value of values) {
    const bucket = bounds.findIndex((bound) => value <= bound);
    const i = bucket < 0 ? bounds.length : bucket;
    counts[i] = (counts[i] ?? 0) + 1;
  }
  return { bounds, counts };
}

/** Log-normal latencies around `medianMs`. */
function latencies(random: Random, count: number, medianMs: number): HistogramCounts {
  const values = Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    return medianMs * Math.exp(0.5 * normal);
  });
  return histogramOf(values, LATENCY_BOUNDS);
}

/** Scores that crowd towards 1 the more, the smaller `spread` is. */
function scores(random: Random, count: number, spread: number): HistogramCounts {
  return histogramOf(
    Array.from({ length: count }, () => (1 - random.next()) ** spread),
    SCORE_BOUNDS,
  );
}

/** The first look at which the evidence reaches 1000, or undefined. */
function looksUntilBreach(looks: number, factorsAt: () => readonly number[] | undefined): number | undefined {
  let state = EMPTY_MIXTURE;
  for (let look = 1; look <= looks; look++) {
    state = accumulate(state, factorsAt() ?? [], 'spread');
    if (logEvidence(state, 'spread') >= Math.log(1000)) return look;
  }
  return undefined;
}

/** The first look at which a candidate `factor` times as slow is found out, 1.25 times tolerated. */
function looksUntilSlow(random: Random, factor: number, looks: number): number | undefined {
  let state = EMPTY_SLOWER_TEST;
  for (let look = 1; look <= looks; look++) {
    state = testSlower(state, latencies(random, 10, 8 * factor), latencies(random, 90, 8), 1.25);
    if (log10Slower(state) >= 3) return look;
  }
  return undefined;
}

describe('latency against stable, 10 of 100 requests a second', () => {
  it.each([
    ['as fast as stable', 1, 1800],
    ['1.2 times as slow where 1.25 is tolerated', 1.2, 600],
    ['exactly as slow as is tolerated', 1.25, 600],
  ])('%s: never a breach', (_, factor, looks) => {
    expect(looksUntilSlow(seeded(21), factor, looks)).toBeUndefined();
  });

  it.each([
    ['twice as slow', 2, 5],
    ['five times as slow', 5, 2],
  ])('%s: a breach within a median of seconds', (_, factor, atMost) => {
    const taken = Array.from(
      { length: 21 },
      (_unused, run) => looksUntilSlow(seeded(run), factor, 100) ?? 999,
    );
    expect(taken.sort((a, b) => a - b)[10]).toBeLessThanOrEqual(atMost);
  });

  it('over different buckets is not compared, and other buckets begin anew', () => {
    const a = { bounds: [1], counts: [1, 1] };
    const b = { bounds: [2], counts: [1, 1] };
    expect(testSlower(EMPTY_SLOWER_TEST, a, b, 2)).toBe(EMPTY_SLOWER_TEST);
    const before = testSlower(testSlower(EMPTY_SLOWER_TEST, a, a, 2), a, a, 2);
    expect(testSlower(before, b, b, 2).mixture.looks).toBe(1);
  });

  it('counts requests slower than a bound', () => {
    expect(slowerThan({ bounds: [10, 20], counts: [5, 4, 1] }, 15)).toEqual({ requests: 10, failures: 3 });
  });
});

describe('scores against stable, at most 5 % apart', () => {
  it.each([
    ['the same model', 0.1],
    ['a slightly different model', 0.11],
  ])('%s: never a breach', (_, spread) => {
    const random = seeded(23);
    const at = looksUntilBreach(1000, () =>
      scoreShiftFactors(scores(random, 10, spread), scores(random, 90, 0.1), 0.05),
    );
    expect(at).toBeUndefined();
  });

  it.each([
    ['less sure', 0.5],
    ['surer', 0.01],
  ])('a model that is much %s: a breach within 20 s', (_, spread) => {
    const random = seeded(24);
    const at = looksUntilBreach(100, () =>
      scoreShiftFactors(scores(random, 10, spread), scores(random, 90, 0.1), 0.05),
    );
    expect(at).toBeLessThanOrEqual(20);
  });

  it('reports the largest shift, the stability index and what the comparison is worth', () => {
    const stable = { bounds: [0.5], counts: [50, 50] };
    const candidate = { bounds: [0.5], counts: [80, 20] };
    expect(maximumShift(candidate, stable)).toBeCloseTo(0.3);
    expect(populationStabilityIndex(candidate, stable)).toBeGreaterThan(0.25);
    expect(populationStabilityIndex(stable, stable)).toBeCloseTo(0);
    expect(effectiveCount(candidate, stable)).toBe(50);
    expect(comparisonsNeeded(0.05, 0.05)).toBe(150);
  });
});
