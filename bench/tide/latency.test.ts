import { describe, expect, it } from 'vitest';
import { seeded } from '../statistics/random.ts';
import { capacityOf, slowerThan } from './latency.ts';

const SERVING = { concurrency: 8, serviceMs: 12, variation: 0.4 };

/** Calls one by one, first come first served: what the formula stands for. */
function simulated(ms: number, pods: number, perSecond: number): number {
  const random = seeded(7);
  const free = new Float64Array(pods * SERVING.concurrency);
  const sigma = Math.sqrt(Math.log(1 + SERVING.variation ** 2));
  const mu = Math.log(SERVING.serviceMs) - sigma ** 2 / 2;
  let now = 0;
  let slower = 0;
  const calls = 150_000;
  for (let call = 0; call < calls; call++) {
    now -= (1000 / perSecond) * Math.log(1 - random.next());
    let first = 0;
    for (let i = 1; i < free.length; i++) if ((free[i] ?? 0) < (free[first] ?? 0)) first = i;
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    const end = Math.max(now, free[first] ?? 0) + Math.exp(mu + sigma * normal);
    free[first] = end;
    if (end - now > ms) slower += 1;
  }
  return slower / calls;
}

describe('the latency of pods that share calls', () => {
  it.each([
    [3, 0.75, 25],
    [3, 0.9, 30],
    [8, 0.9, 30],
    [2, 0.97, 40],
  ])('of %i at %f of what they can serve is that of a simulated queue', (pods, utilisation, ms) => {
    const perSecond = utilisation * pods * capacityOf(SERVING);
    const expected = simulated(ms, pods, perSecond);
    const [found = 1] = slowerThan([ms], SERVING, pods, perSecond, 0);
    expect(found).toBeGreaterThan(expected / 2 - 0.002);
    expect(found).toBeLessThan(expected * 2 + 0.002);
  });
});
