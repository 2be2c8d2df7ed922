import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomial, seeded } from '../../../bench/statistics/random.ts';
import { sequentialRule } from '../../../bench/statistics/rules.ts';
import { drawSecond, type Setting } from '../../../bench/statistics/traffic.ts';
import { absoluteErrorFactors, rateFactors, ratesAbove } from './absolute-error.ts';
import type { ArmCounts } from './arms.ts';
import { BETTER_RATIO_GRID, RATIO_GRID, relativeErrorFactors } from './relative-error.ts';
import { ODDS_RATIOS, twoByTwoFactors } from './two-by-two.ts';

/** P(x successes of n at rate θ), exactly. */
function probability(n: number, x: number, rate: number): number {
  let p = rate ** x * (1 - rate) ** (n - x);
  for (let i = 0; i < x; i++) p *= (n - i) / (i + 1);
  return p;
}

function counts(n: number, x: number): { requests: number; failures: number } {
  return { requests: n, failures: x };
}

const arm = fc.integer({ min: 0, max: 8 });
const rate = fc.double({ min: 0.001, max: 0.999, noNaN: true });

describe('the mean factor is at most 1 under the null hypothesis', () => {
  it('relative: by enumeration of all outcomes, at the edge of H0', () => {
    fc.assert(
      fc.property(arm, arm, rate, fc.double({ min: 1, max: 5, noNaN: true }), (nc, ns, stableRate, ratio) => {
        const candidateRate = Math.min(1, ratio * stableRate);
        const means = RATIO_GRID.map(() => 0);
        for (let x = 0; x <= nc; x++) {
          for (let y = 0; y <= ns; y++) {
            const weight = probability(nc, x, candidateRate) * probability(ns, y, stableRate);
            const factors = relativeErrorFactors({ candidate: counts(nc, x), stable: counts(ns, y) }, ratio);
            for (const [k, factor] of factors.entries())
              means[k] = (means[k] ?? 0) + weight * Math.exp(factor);
          }
        }
        expect(Math.max(...means)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('relative, mirrored: a candidate that fails ratio times as often or more', () => {
    fc.assert(
      fc.property(
        arm,
        arm,
        fc.double({ min: 0.001, max: 0.3, noNaN: true }),
        fc.double({ min: 1, max: 3, noNaN: true }),
        (nc, ns, low, ratio) => {
          const means = BETTER_RATIO_GRID.map(() => 0);
          for (let x = 0; x <= nc; x++) {
            for (let y = 0; y <= ns; y++) {
              const weight = probability(nc, x, ratio * low) * probability(ns, y, low);
              const tick = { candidate: counts(nc, x), stable: counts(ns, y) };
              const factors = relativeErrorFactors(tick, ratio, BETTER_RATIO_GRID);
              for (const [k, factor] of factors.entries())
                means[k] = (means[k] ?? 0) + weight * Math.exp(factor);
            }
          }
          expect(Math.max(...means)).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
    );
  });

  it('2×2: whatever the guess of the stable share, when the candidate has no larger a share', () => {
    fc.assert(
      fc.property(arm, arm, rate, rate, rate, (nc, ns, a, b, guess) => {
        const means = ODDS_RATIOS.map(() => 0);
        for (let x = 0; x <= nc; x++) {
          for (let y = 0; y <= ns; y++) {
            const weight = probability(nc, x, Math.min(a, b)) * probability(ns, y, Math.max(a, b));
            const factors = twoByTwoFactors({ candidate: counts(nc, x), stable: counts(ns, y) }, guess);
            for (const [k, factor] of factors.entries())
              means[k] = (means[k] ?? 0) + weight * Math.exp(factor);
          }
        }
        expect(Math.max(...means)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('absolute: below the bound at most 1, at the bound exactly 1', () => {
    fc.assert(
      fc.property(
        arm,
        fc.double({ min: 0.001, max: 0.5, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, bound, part) => {
          for (const [theta, exact] of [
            [bound, true],
            [bound * part, false],
          ] as const) {
            const means = ratesAbove(bound).map(() => 0);
            for (let x = 0; x <= n; x++) {
              const factors = absoluteErrorFactors(counts(n, x), bound);
              for (const [k, factor] of factors.entries()) {
                means[k] = (means[k] ?? 0) + probability(n, x, theta) * Math.exp(factor);
              }
            }
            for (const mean of means) {
              if (exact) expect(mean).toBeCloseTo(1, 8);
              else expect(mean).toBeLessThanOrEqual(1 + 1e-9);
            }
          }
        },
      ),
    );
  });
});

describe('factors', () => {
  it('of a look split in two parts of the same mix add up to those of the whole', () => {
    fc.assert(
      fc.property(arm, arm, arm, arm, (nc, ns, x, y) => {
        const whole: ArmCounts = { candidate: counts(2 * nc, x + y), stable: counts(2 * ns, y) };
        const first: ArmCounts = { candidate: counts(nc, x), stable: counts(ns, 0) };
        const second: ArmCounts = { candidate: counts(nc, y), stable: counts(ns, y) };
        const sum = relativeErrorFactors(first, 2).map(
          (f, k) => f + (relativeErrorFactors(second, 2)[k] ?? 0),
        );
        for (const [k, factor] of relativeErrorFactors(whole, 2).entries())
          expect(sum[k]).toBeCloseTo(factor, 9);
        const parts = absoluteErrorFactors(first.candidate, 0.01);
        const rest = absoluteErrorFactors(second.candidate, 0.01);
        for (const [k, factor] of absoluteErrorFactors(whole.candidate, 0.01).entries()) {
          expect((parts[k] ?? 0) + (rest[k] ?? 0)).toBeCloseTo(factor, 9);
        }
      }),
    );
  });

  it.each([
    ['no request at all', 0, 0],
    ['none at the candidate', 0, 50],
    ['none at stable', 50, 0],
  ])('tell nothing with %s', (_, nc, ns) => {
    const tick = { candidate: counts(nc, 0), stable: counts(ns, 0) };
    expect(relativeErrorFactors(tick, 2)).toEqual(RATIO_GRID.map(() => 0));
  });

  it('stay finite when everything fails and when nothing does', () => {
    for (const x of [0, 1e6]) {
      for (const factor of [
        ...absoluteErrorFactors(counts(1e6, x), 0.01),
        ...rateFactors(counts(1e6, x), 0.999, ratesAbove(0.999)),
        ...relativeErrorFactors({ candidate: counts(1e6, x), stable: counts(9e6, 0) }, 2),
      ]) {
        expect(Number.isFinite(factor)).toBe(true);
      }
    }
  });
});

/** Median seconds to the rollback over seeded runs at a tenth of the traffic, stable failing .1 %. */
function medianSeconds(ratePerSecond: number, candidateFailureRate: number): number {
  const setting: Setting = {
    ratePerSecond,
    candidateShare: 0.1,
    stableFailureRate: 0.001,
    candidateFailureRate,
  };
  const random = seeded(7);
  const seconds = Array.from({ length: 41 }, () => {
    const look = sequentialRule('spread', 0.001, 2, 0.01).start();
    let second = 1;
    while (!look(drawSecond(random, setting))) second += 1;
    return second;
  });
  return seconds.sort((a, b) => a - b)[20] ?? Number.NaN;
}

describe('a candidate at a tenth of the traffic, α = .001, twice as often and 1 % tolerated', () => {
  it.each([
    [1000, 1, 1],
    [1000, 0.5, 1],
    [1000, 0.1, 1],
    [1000, 0.05, 4],
    [100, 1, 1],
    [100, 0.5, 2],
    [100, 0.1, 10],
    [100, 0.05, 30],
    [10, 1, 10],
    [10, 0.5, 20],
  ])('at %i requests/s and %f failing is out within a median of %i s', (ratePerSecond, failing, atMost) => {
    expect(medianSeconds(ratePerSecond, failing)).toBeLessThanOrEqual(atMost);
  });

  it('that fails everything after half an hour of health is out within 2 s', () => {
    const random = seeded(11);
    const look = sequentialRule('spread', 0.001, 2, 0.01).start();
    const healthy = {
      ratePerSecond: 100,
      candidateShare: 0.1,
      stableFailureRate: 0.001,
      candidateFailureRate: 0.001,
    };
    for (let second = 0; second < 1800; second++) expect(look(drawSecond(random, healthy))).toBe(false);
    const failing = { ...healthy, candidateFailureRate: 1 };
    expect(look(drawSecond(random, failing)) || look(drawSecond(random, failing))).toBe(true);
  });

  it.each([0.001, 0.01, 0.05])(
    'as good as a stable version failing %f is left alone for half an hour',
    (failing) => {
      const setting = {
        ratePerSecond: 100,
        candidateShare: 0.1,
        stableFailureRate: failing,
        candidateFailureRate: failing,
      };
      const random = seeded(13);
      let rollbacks = 0;
      for (let run = 0; run < 40; run++) {
        const look = sequentialRule('spread', 0.001, 2, 0.01).start();
        for (let second = 0; second < 1800; second++) {
          if (!look(drawSecond(random, setting))) continue;
          rollbacks += 1;
          break;
        }
      }
      expect(rollbacks).toBe(0);
    },
  );

  it('is not blamed while stable fails as often', () => {
    const random = seeded(17);
    const look = sequentialRule('spread', 0.001, 2, 0.01).start();
    for (let second = 0; second < 600; second++) {
      const tick = {
        candidate: { requests: 10, failures: binomial(random, 10, 0.3) },
        stable: { requests: 90, failures: binomial(random, 90, 0.3) },
      };
      expect(look(tick)).toBe(false);
    }
  });
});
