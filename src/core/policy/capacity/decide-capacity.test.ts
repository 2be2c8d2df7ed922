import { describe, expect, it } from 'vitest';
import type { Reading } from '../../observation/reading.ts';
import { type CapacityInput, decideCapacity, instancesFor } from './decide-capacity.ts';

const spec = { requestsPerSecondPerReplica: 500, minReplicas: 2, maxReplicas: 20 };

function offered(value: number): Reading<number> {
  return { kind: 'value', value, at: 0 };
}

function replicas(count: number, served: number, factor = 1) {
  return Array.from({ length: count }, (_, i) => replica(`10.0.0.${i}:9000`, factor, served));
}

function replica(address: string, factor: number, served: number, warming = false, weight = 1) {
  return { address, factor, weight, served, warming };
}

function input(given: Partial<CapacityInput>): CapacityInput {
  return {
    spec,
    offered: offered(2000),
    replicas: replicas(4, 500),
    interlocks: { breakerClosed: true, rolloutMoving: false },
    previous: 4,
    nowMs: 0,
    ...given,
  };
}

describe('the demand for replicas', () => {
  it.each([
    ['fits the offered rate', {}, 4],
    ['rises with it', { offered: offered(2001) }, 5],
    ['falls with it', { offered: offered(1200), replicas: replicas(4, 300) }, 3],
    ['has a least', { offered: offered(0), replicas: replicas(4, 0) }, 2],
    ['has a most', { offered: offered(1e6), replicas: replicas(4, 250_000) }, 20],
    ['counts an ejected one on top', { replicas: [...replicas(3, 667), replica('out', 0, 0)] }, 5],
    [
      'counts one that serves far below its share on top',
      { replicas: [...replicas(3, 600), replica('sick', 1, 100)] },
      5,
    ],
  ])('%s', (_, given, wanted) => {
    expect(decideCapacity(input(given)).replicas).toBe(wanted);
  });

  it.each([
    ['a new one that warms up', replica('new', 1, 20, true)],
    ['a backup', replica('backup', 1, 0, false, 0)],
    ['one of a tenth of the weight', replica('small', 1, 50, false, 0.1)],
  ])('does not take %s for a sick one', (_, other) => {
    const decision = decideCapacity(input({ replicas: [...replicas(4, 500), other] }));
    expect(decision).toMatchObject({ sick: [], replicas: 4 });
  });

  it("takes a sick pod's falling rate for what it is", () => {
    const decision = decideCapacity(input({ replicas: [...replicas(3, 500), replica('sick', 1, 10)] }));
    expect(decision.sick).toEqual(['sick']);
    expect(decision.replicas).toBeGreaterThanOrEqual(4);
  });

  it.each([
    ['the breaker is not closed', { interlocks: { breakerClosed: false, rolloutMoving: false } }, /breaker/],
    ['a rollout moves', { interlocks: { breakerClosed: true, rolloutMoving: true } }, /rollout/],
    ['data is missing', { offered: { kind: 'missing', detail: 'down' } as const }, /no data/],
    ['data is stale', { offered: { kind: 'stale', lastAt: 0, detail: 'old' } as const }, /stale/],
  ])('does not fall while %s', (_, given, why) => {
    const decision = decideCapacity(
      input({ offered: offered(500), replicas: replicas(4, 125), previous: 10, ...given }),
    );
    expect(decision.replicas).toBe(10);
    expect(decision.held).toMatch(why);
  });

  it('rises also while a breaker is open', () => {
    const interlocks = { breakerClosed: false, rolloutMoving: false };
    expect(decideCapacity(input({ offered: offered(5000), interlocks })).replicas).toBeGreaterThanOrEqual(10);
  });

  it('is told to an autoscaler in its own unit', () => {
    expect(decideCapacity(input({})).requestsPerSecond).toBe(2000);
  });
});

describe('the capacity rule', () => {
  it.each([
    [1000, 0.2, 10, 20],
    [1000, 0.05, 8, 7],
    [0, 0.05, 8, 0],
  ])(
    '%i requests/s of %f s on instances of %i at a time need %i',
    (peak, latency, concurrency, instances) => {
      expect(instancesFor(peak, latency, concurrency)).toBe(instances);
    },
  );
});
