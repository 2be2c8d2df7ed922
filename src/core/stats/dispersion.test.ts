import { describe, expect, it } from 'vitest';
import { binomial, poisson, seeded } from '../../../bench/statistics/random.ts';
import { type Dispersion, deflate, designEffect, learnDispersion, NO_DISPERSION } from './dispersion.ts';

/** So many seconds of 90 requests each, of which a share fails. */
function learned(seconds: number, share: (second: number) => number, seed = 1): Dispersion {
  const random = seeded(seed);
  let state = NO_DISPERSION;
  for (let second = 0; second < seconds; second++) {
    const requests = poisson(random, 90);
    const failures = binomial(random, requests, share(second));
    state = learnDispersion(state, { requests, failures }, 1_700_000_000_000 + 1000 * second);
  }
  return state;
}

describe('how failures hang together', () => {
  it.each([0.001, 0.01, 0.1])('independent ones (%f) count as one each, nearly', (share) => {
    for (let seed = 1; seed <= 5; seed++) {
      expect(
        designEffect(
          learned(600, () => share, seed),
          0.1,
        ),
      ).toBeLessThan(1.5);
    }
  });

  it('nothing is known at first', () => {
    expect(designEffect(NO_DISPERSION, 0.1)).toBe(1);
  });

  it.each([
    ['one second long', 1],
    ['five seconds long', 5],
    ['half a minute long', 30],
  ])('bursts %s make many requests count as one', (_, length) => {
    const bursty = learned(1200, (second) => (second % 200 < length ? 0.5 : 0.001));
    expect(designEffect(bursty, 0.1)).toBeGreaterThan(3);
    expect(designEffect(bursty, 1)).toBeGreaterThanOrEqual(designEffect(bursty, 0.1));
  });

  it('never so many that a candidate could fail for good unseen, and forgets', () => {
    const outage = learned(600, (second) => (second < 120 ? 1 : 0.001));
    expect(designEffect(outage, 1)).toBe(20);
    let later = outage;
    for (let second = 600; second < 40_000; second++) {
      later = learnDispersion(
        later,
        { requests: 90, failures: second % 10 === 0 ? 1 : 0 },
        1_700_000_000_000 + 1000 * second,
      );
    }
    expect(designEffect(later, 0.1)).toBeLessThan(2);
  });

  it('deflates requests and failures alike, and survives JSON', () => {
    expect(deflate({ requests: 10, failures: 4 }, 4)).toEqual({ requests: 2.5, failures: 1 });
    const state = learned(100, () => 0.01);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });
});
