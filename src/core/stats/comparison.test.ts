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
import { slowerFactors, slowerThan } from './slower.ts';

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

describe('latency against stable, 10 of 100 requests a second', () => {
  it.each([
    ['as fast as stable', 1, 1800, undefined],
    ['1.2 times as slow where 1.25 is tolerated', 1.2, 600, undefined],
  ])('%s: never a breach', (_, factor, looks) => {
    const random = seeded(21);
    const at = looksUntilBreach(looks, () =>
      slowerFactors(latencies(random, 10, 8 * factor), latencies(random, 90, 8), 1.25),
    );
    expect(at).toBeUndefined();
  });

  it.each([
    ['twice as slow', 2, 15],
    ['five times as slow', 5, 3],
  ])('%s: a breach within %s', (_, factor, atMost) => {
    const random = seeded(22);
    const at = looksUntilBreach(100, () =>
      slowerFactors(latencies(random, 10, 8 * factor), latencies(random, 90, 8), 1.25),
    );
    expect(at).toBeLessThanOrEqual(atMost);
  });

  it('cannot be compared over different buckets', () => {
    expect(
      slowerFactors({ bounds: [1], counts: [1, 1] }, { bounds: [2], counts: [1, 1] }, 2),
    ).toBeUndefined();
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
