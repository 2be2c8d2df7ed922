import { describe, expect, it } from 'vitest';
import { type LoadPoint, planCapacity } from './plan-capacity.ts';

const point = (at: number, perSecond: number, latencyMs?: number, inFlight?: number): LoadPoint => ({
  at,
  perSecond,
  latencyMs,
  inFlight,
});

describe('the capacity rule on what was measured', () => {
  it('takes the peak, its latency and what one instance held', () => {
    const plan = planCapacity([point(1, 500, 20, 3), point(2, 1000, 25, 6), point(3, 800, 20, 5)], undefined);
    expect(plan).toEqual({
      peakPerSecond: 1000,
      peakAt: 2,
      latencyMs: 25,
      concurrency: 6,
      concurrencyFrom: 'measured',
      perInstance: 240,
      instances: 5,
    });
  });

  it('does not count what an instance held when it had become slow', () => {
    const plan = planCapacity([point(1, 500, 20, 4), point(2, 510, 20, 4), point(3, 600, 90, 30)], undefined);
    expect(plan).toMatchObject({ peakPerSecond: 600, latencyMs: 90, concurrency: 4, instances: 14 });
  });

  it('takes the concurrency that is given', () => {
    expect(planCapacity([point(1, 1000, 200)], 10)).toMatchObject({
      concurrencyFrom: 'given',
      instances: 20,
    });
  });

  it.each([
    ['no requests', [], 'no requests were measured'],
    ['only zeros', [point(1, 0, undefined, 0)], 'no requests were measured'],
    ['no latency', [point(1, 5)], 'no latency was measured at the peak'],
    ['no concurrency', [point(1, 5, 10)], 'no concurrency was measured; give that of one instance'],
  ])('says what is missing: %s', (_, points, missing) => {
    expect(planCapacity(points, undefined)).toEqual({ missing: expect.stringContaining(missing) });
  });
});
