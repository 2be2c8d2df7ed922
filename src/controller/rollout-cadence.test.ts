import { describe, expect, it } from 'vitest';
import { modelRolloutSchema } from '../core/api/model-rollout.ts';
import type { ServiceObservation } from '../core/observation/observation.ts';
import { RolloutCadence } from './rollout-cadence.ts';

const rollout = modelRolloutSchema.parse({
  apiVersion: 'penstock.dev/v1alpha1',
  kind: 'ModelRollout',
  metadata: { name: 'fraud-v2' },
  spec: {
    targetRef: { name: 'fraud' },
    stable: 'v1',
    candidate: 'v2',
    strategy: { steps: [{ setWeight: 100 }] },
    analysis: { interval: '1s' },
  },
});
const missing = { kind: 'missing', detail: '' } as const;
const seen = (requests: number, at: number, failures = 0): ServiceObservation => ({
  service: 'default/fraud',
  at,
  versions: new Map([
    [
      'v2',
      {
        requests: { kind: 'value', value: { requests, failures }, at },
        latencyMs: missing,
        scores: missing,
        endpoints: [],
        sources: { requests: '', latencyMs: '', scores: '' },
      },
    ],
  ]),
  queries: new Map(),
});
const requestsIn = (observation: ServiceObservation | undefined) => {
  const reading = observation?.versions.get('v2')?.requests;
  return reading?.kind === 'value' ? reading.value.requests : undefined;
};

describe('the cadence of a rollout', () => {
  it('looks at once, then at its interval with all that was seen in between', () => {
    const cadence = new RolloutCadence();
    expect(requestsIn(cadence.due('s', rollout, seen(1, 0), false, 0))).toBe(1);
    expect(cadence.due('s', rollout, seen(2, 250), false, 250)).toBeUndefined();
    expect(cadence.due('s', rollout, seen(3, 500), false, 500)).toBeUndefined();
    expect(requestsIn(cadence.due('s', rollout, seen(4, 1000), false, 1000))).toBe(9);
    expect(cadence.due('s', rollout, seen(5, 1250), false, 1250)).toBeUndefined();
  });
  it('looks now when something was asked, and counts nothing twice', () => {
    const cadence = new RolloutCadence();
    cadence.due('s', rollout, seen(1, 0), false, 0);
    expect(requestsIn(cadence.due('s', rollout, seen(2, 100), true, 100))).toBe(2);
    expect(requestsIn(cadence.due('s', rollout, seen(3, 200), true, 200))).toBe(3);
  });
  it('keeps looking when the clock was set back', () => {
    const cadence = new RolloutCadence();
    cadence.due('s', rollout, seen(1, 100_000), false, 100_000);
    expect(requestsIn(cadence.due('s', rollout, seen(2, 5), false, 5))).toBe(2);
  });
  it('forgets a rollout that is gone', () => {
    const cadence = new RolloutCadence();
    cadence.due('s', rollout, seen(1, 0), false, 0);
    cadence.due('s', rollout, seen(2, 10), false, 10);
    expect(cadence.due('s', undefined, seen(3, 20), false, 20)).toBeUndefined();
    expect(requestsIn(cadence.due('s', rollout, seen(4, 30), false, 30))).toBe(4);
  });

  it.each([
    ['fails everything', 6, 6, 6],
    ['fails a quarter', 12, 3, 12],
    ['fails a few of many', 100, 3, undefined],
    ['fails twice', 2, 2, undefined],
  ])('waits for its interval unless the candidate fails much: it %s', (_, requests, failures, judged) => {
    const cadence = new RolloutCadence();
    cadence.due('fraud', rollout, seen(10, 0), false, 0);
    expect(requestsIn(cadence.due('fraud', rollout, seen(requests, 300, failures), false, 300))).toBe(judged);
  });
});
