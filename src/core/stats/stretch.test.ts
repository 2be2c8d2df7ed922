import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../../bench/statistics/random.ts';
import type { HistogramCounts } from '../observation/observation.ts';
import { countAbove } from './histogram.ts';
import { slowerWhenStretched } from './stretch.ts';

const BOUNDS = [5, 7.5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200];

/** Log-normal answers of a median of 20 ms and two milliseconds of the way. */
function answers(count: number, times: number): HistogramCounts {
  const random = seeded(7);
  const counts = [...BOUNDS.map(() => 0), 0];
  for (let i = 0; i < count; i++) {
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    const ms = times * (20 * Math.exp(0.3 * normal) + 2);
    const bucket = BOUNDS.findIndex((bound) => ms <= bound);
    const found = bucket < 0 ? BOUNDS.length : bucket;
    counts[found] = (counts[found] ?? 0) + 1;
  }
  return { bounds: BOUNDS, counts };
}

describe('a version made slower by a factor', () => {
  it('is exact where the factor leads from bound to bound', () => {
    const histogram = { bounds: [10, 20, 40], counts: [4, 3, 2, 1] };
    expect(slowerWhenStretched(histogram, histogram, 2).slice(1)).toEqual([6, 3]);
    expect(slowerWhenStretched(histogram, histogram, 1)).toEqual([6, 3, 1]);
  });

  it.each([1.2, 1.25, 1.5, 1.7, 2, 3])('is never taken for faster than it is, %f times', (ratio) => {
    const once = answers(100_000, 1);
    const truly = answers(100_000, ratio);
    const guessed = slowerWhenStretched(once, once, ratio);
    for (const [i, bound] of BOUNDS.entries()) {
      // 300 of 100 000 are twice what chance does here.
      expect(guessed[i], `${bound} ms`).toBeGreaterThanOrEqual(countAbove(truly, bound) - 300);
    }
  });

  it('falls from bound to bound and counts nobody twice, whatever the shape', () => {
    const counts = () => fc.array(fc.nat(1000), { minLength: 15, maxLength: 15 });
    const ratios = fc.double({ min: 1, max: 10, noNaN: true });
    fc.assert(
      fc.property(counts(), counts(), ratios, (now, before, ratio) => {
        const slower = slowerWhenStretched(
          { bounds: BOUNDS, counts: now },
          { bounds: BOUNDS, counts: before },
          ratio,
        );
        let above = now.reduce((sum, count) => sum + count, 0);
        for (const count of slower) {
          expect(count).toBeLessThanOrEqual(above + 1e-6);
          expect(count).toBeGreaterThanOrEqual(0);
          above = count;
        }
      }),
    );
  });
});
