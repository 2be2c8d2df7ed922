import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomial, seeded } from '../../../bench/statistics/random.ts';
import { CHANGE_Z, findRise, type TrendPoint } from './change-point.ts';
import { counterDelta, counterDeltas } from './counter.ts';
import { addToCusum, EMPTY_CUSUM, excessScores, LIKELIHOOD_TRIP, likelihoodScores } from './cusum.ts';
import { log10Drift, watchDrift } from './drift.ts';
import { EMPTY_MIXTURE } from './mixture.ts';
import { addToFading, addToWindow, emptyWindow, type Fading, windowSum } from './moving.ts';

describe('the cumulative sum of 1 % against 10 %', () => {
  const scores = likelihoodScores(0.01, 0.1);

  it('trips after 4 failures in a row, not after 3', () => {
    expect(addToCusum(EMPTY_CUSUM, { requests: 3, failures: 3 }, scores).sum).toBeLessThan(LIKELIHOOD_TRIP);
    expect(addToCusum(EMPTY_CUSUM, { requests: 4, failures: 4 }, scores).sum).toBeGreaterThan(
      LIKELIHOOD_TRIP,
    );
  });

  it.each([
    [0.5, 12],
    [0.1, 70],
  ])('with %f failing needs a mean of at most %i requests', (failing, atMost) => {
    const random = seeded(31);
    let total = 0;
    for (let run = 0; run < 300; run++) {
      let state = EMPTY_CUSUM;
      while (state.sum < LIKELIHOOD_TRIP) {
        state = addToCusum(state, { requests: 1, failures: binomial(random, 1, failing) }, scores);
        total += 1;
      }
    }
    expect(total / 300).toBeLessThanOrEqual(atMost);
  });

  it('starts over at zero and counts from there', () => {
    const rising = addToCusum(EMPTY_CUSUM, { requests: 3, failures: 2 }, scores);
    expect(rising.since).toEqual({ requests: 3, failures: 2 });
    expect(addToCusum(rising, { requests: 1000, failures: 0 }, scores)).toEqual(EMPTY_CUSUM);
  });
});

describe('the cumulative excess over a share', () => {
  it('is above zero only while more than the share failed since it began', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 40 }), (looks) => {
        const state = looks.reduce(
          (sum, [failed, fine]) =>
            addToCusum(sum, { requests: failed + fine, failures: failed }, excessScores(0.5)),
          EMPTY_CUSUM,
        );
        expect(state.sum).toBeCloseTo(state.since.failures - 0.5 * state.since.requests);
      }),
    );
  });
});

describe('the drift detector', () => {
  it('raises no alarm in 2 000 looks at half the bound, and one soon after a drift', () => {
    const random = seeded(41);
    let state = EMPTY_MIXTURE;
    for (let look = 0; look < 2000; look++) {
      state = watchDrift(state, { requests: 20, failures: binomial(random, 20, 0.005) }, 0.01);
      expect(log10Drift(state)).toBeLessThan(5);
    }
    let looks = 0;
    while (log10Drift(state) < 5) {
      state = watchDrift(state, { requests: 20, failures: binomial(random, 20, 0.1) }, 0.01);
      looks += 1;
    }
    expect(looks).toBeLessThanOrEqual(20);
  });

  it('learns nothing from a look without requests', () => {
    expect(watchDrift(EMPTY_MIXTURE, { requests: 0, failures: 0 }, 0.01)).toBe(EMPTY_MIXTURE);
  });
});

function trend(values: readonly number[]): TrendPoint[] {
  return values.map((value, i) => ({ atMs: i * 1000, value, variance: 0.01 }));
}

function noise(count: number, level: number, seed: number): number[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    return level + 0.1 * normal;
  });
}

describe('a rise in a trend', () => {
  it('is found where it happened', () => {
    const found = findRise(trend([...noise(40, 0, 1), ...noise(20, 0.3, 2)]));
    expect(found?.z).toBeGreaterThan(CHANGE_Z);
    expect(Math.abs((found?.atMs ?? 0) - 40_000)).toBeLessThanOrEqual(3000);
    expect(found?.before).toBeCloseTo(0, 1);
    expect(found?.after).toBeCloseTo(0.3, 1);
  });

  it('is not seen in noise, nor in a fall', () => {
    for (let seed = 1; seed <= 50; seed++) {
      expect(findRise(trend(noise(120, 0, seed)))?.z ?? 0).toBeLessThan(CHANGE_Z);
    }
    expect(findRise(trend([...noise(40, 0.5, 1), ...noise(40, 0, 2)]))?.z ?? 0).toBeLessThan(CHANGE_Z);
  });

  it('needs points on both sides', () => {
    expect(findRise(trend([1, 2, 3, 4, 5]))).toBeUndefined();
  });
});

describe('a window', () => {
  it('forgets what is older than its length', () => {
    let window = emptyWindow(10_000);
    window = addToWindow(window, [5, 1], 1_000);
    window = addToWindow(window, [7, 0], 1_500);
    window = addToWindow(window, [3, 2], 6_000);
    expect([windowSum(window, 0), windowSum(window, 1)]).toEqual([15, 3]);
    expect(windowSum(addToWindow(window, [0, 0], 12_000), 0)).toBe(3);
    expect(JSON.parse(JSON.stringify(window))).toEqual(window);
  });

  it('takes a clock that steps back without losing or inventing anything', () => {
    let window = addToWindow(emptyWindow(10_000), [5], 50_000);
    window = addToWindow(window, [2], 20_000);
    expect(windowSum(window, 0)).toBe(7);
  });

  it('that fades halves in a half-life', () => {
    let state: Fading | undefined = addToFading(undefined, [8], 0, 1000);
    state = addToFading(state, [1], 2000, 1000);
    expect(state.sums).toEqual([3]);
    expect(addToFading(state, [1], 1000, 1000)).toEqual({ atMs: 2000, sums: [4] });
  });
});

describe('a counter', () => {
  it.each([
    ['rose', { epoch: 'a', value: 5 }, { epoch: 'a', value: 8 }, 3, false],
    ['stood', { epoch: 'a', value: 5 }, { epoch: 'a', value: 5 }, 0, false],
    ['went down: restarted, from zero', { epoch: '', value: 50 }, { epoch: '', value: 8 }, 8, true],
    ['has another epoch though it is higher', { epoch: 'a', value: 5 }, { epoch: 'b', value: 8 }, 8, true],
    ['is seen for the first time', undefined, { epoch: 'a', value: 8 }, 0, false],
  ])('that %s', (_, previous, current, increase, reset) => {
    expect(counterDelta(previous, current)).toEqual({ increase, reset });
  });

  it('summed over pods ignores one that went and takes a new one as told', () => {
    const before = { a: { epoch: '1', value: 10 }, gone: { epoch: '1', value: 99 } };
    const now = { a: { epoch: '1', value: 15 }, fresh: { epoch: '1', value: 4 } };
    expect(counterDeltas(before, now, 'zero')).toEqual({ increase: 9, reset: false });
    expect(counterDeltas(before, now, 'baseline')).toEqual({ increase: 5, reset: false });
  });
});
