import { describe, expect, it } from 'vitest';
import { readSpecs } from '../api/read-specs.ts';
import type { VersionObservation } from '../observation/observation.ts';
import { closedBreaker } from '../policy/breaker/decide-breaker.ts';
import type { BreakerDecision, BreakerPhase } from '../policy/breaker/decision.ts';
import type { RolloutPhase, RolloutState } from '../policy/rollout/state.ts';
import { decideDemand } from './decide-demand.ts';
import { servedVersion } from './decide-fixture.ts';
import type { DemandDecision } from './demand-state.ts';
import { NEW_SERVICE_STATE, type ServiceLook, type ServiceState } from './service-look.ts';
import { indexSpecs } from './spec-index.ts';

const START = 1_700_000_000_000;

const text = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 10.0.0.1, port: 1}]}}
  - {name: v2, endpoints: {static: [{address: 10.0.0.2, port: 1}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 10}, {pause: {duration: 1m}}, {setWeight: 40}, {pause: {duration: 1m}}]}
  analysis: {metrics: [{name: errors, type: ErrorRate, thresholdRange: {max: 0.01}}]}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, scaling: {requestsPerSecondPerReplica: 500, minReplicas: 2, maxReplicas: 20}}
`;
const index = indexSpecs(readSpecs([{ file: 'specs.yaml', text }]).objects);

interface Second {
  /** Requests of this second to each endpoint of v1; undefined: nobody tells. */
  readonly v1: readonly number[] | undefined;
  readonly v2?: readonly number[];
  readonly breaker?: BreakerPhase;
  readonly rollout?: {
    readonly phase: RolloutPhase;
    readonly stage: number;
    readonly candidateWeight: number;
  };
  readonly factors?: Readonly<Record<string, number>>;
  readonly forecast?: number;
  readonly frozen?: boolean;
}

function address(version: string, instance: number): string {
  return `10.0.${version.slice(1)}.${instance}:1`;
}

function versionOf(
  version: string,
  requests: readonly number[] | undefined,
  nowMs: number,
): VersionObservation {
  if (requests === undefined) {
    const empty = servedVersion([], nowMs);
    return {
      ...empty,
      requests: { kind: 'stale', lastAt: nowMs - 5000, detail: 'no load reports any more' },
    };
  }
  return servedVersion(
    requests.map((count, i) => ({ address: address(version, i), requests: count, failures: 0 })),
    nowMs,
  );
}

function lastOf(seconds: readonly Second[]): DemandDecision {
  const service = index.services.get('default/fraud');
  if (service === undefined) throw new Error('no service');
  let decision: DemandDecision | undefined;
  let instances = { v1: 0, v2: 0 };
  for (const [second, given] of seconds.entries()) {
    const nowMs = START + second * 1000;
    instances = { v1: given.v1?.length ?? instances.v1, v2: given.v2?.length ?? instances.v2 };
    const addresses = (version: 'v1' | 'v2') =>
      Array.from({ length: instances[version] }, (_, i) => address(version, i));
    const look: ServiceLook = {
      service,
      rollout: given.rollout && index.rollouts.get('default/fraud'),
      policy: index.policies.get('default/fraud'),
      observation: {
        service: 'default/fraud',
        at: nowMs,
        versions: new Map([
          ['v1', versionOf('v1', given.v1, nowMs)],
          ['v2', versionOf('v2', given.v2 ?? [], nowMs)],
        ]),
        queries: new Map(),
      },
      rolloutObservation: undefined,
      endpoints: new Map([
        ['v1', addresses('v1')],
        ['v2', addresses('v2')],
      ]),
      inbound: [],
      forecastPerSecond: given.forecast,
      acknowledged: { revision: 0, connected: 1, laggards: [] },
      commands: [],
      answers: new Map(),
      frozen: given.frozen ?? false,
      state: { ...NEW_SERVICE_STATE, demand: decision?.state ?? NEW_SERVICE_STATE.demand },
      nowMs,
    };
    const factors = new Map([['v1', new Map(Object.entries(given.factors ?? {}))]]);
    decision = decideDemand(look, { rollout: rolloutOf(given) }, breakerOf(given.breaker), factors);
  }
  if (decision === undefined) throw new Error('no look');
  return decision;
}

function breakerOf(phase: BreakerPhase | undefined): BreakerDecision | undefined {
  return phase && ({ state: { ...closedBreaker(START), phase } } as BreakerDecision);
}

function rolloutOf({ rollout }: Second): ServiceState['rollout'] {
  return rollout && { name: 'fraud-v2', startedAt: START, state: rollout as RolloutState };
}

const lasting = (seconds: number, second: Second): readonly Second[] =>
  Array.from({ length: seconds }, () => second);

const replicasOf = (decision: DemandDecision, version = 'v1') => decision.versions.get(version)?.replicas;

describe('the demand for replicas, look by look', () => {
  it('follows what clients offer, up and down', () => {
    const busy = lasting(60, { v1: [500, 500, 500, 490] });
    expect(replicasOf(lastOf(busy))).toBe(4);
    expect(replicasOf(lastOf([...busy, ...lasting(60, { v1: [900, 900, 900, 890] })]))).toBe(8);
    expect(replicasOf(lastOf([...busy, ...lasting(60, { v1: [300, 300, 300, 290] })]))).toBe(3);
  });

  it('keeps what was asked for while nobody tells', () => {
    const decision = lastOf([
      ...lasting(60, { v1: [500, 500, 500, 490] }),
      ...lasting(600, { v1: undefined }),
    ]);
    expect(replicasOf(decision)).toBe(4);
    expect(decision.versions.get('v1')).toMatchObject({
      offered: undefined,
      held: expect.stringContaining('stale'),
    });
  });

  it('asks for one more, and never for fewer, when a replica gets sick', () => {
    const decision = lastOf([
      ...lasting(60, { v1: [450, 450, 450, 450] }),
      ...lasting(60, { v1: [590, 590, 590, 20] }),
      ...lasting(60, { v1: [200, 200, 200, 10] }),
    ]);
    expect(decision.versions.get('v1')).toMatchObject({ replicas: 5, sick: ['10.0.1.3:1'] });
  });

  it('counts a replica that was derated far as sick', () => {
    const sick = { v1: [590, 590, 590, 30], factors: { '10.0.1.3:1': 0.05 } };
    expect(replicasOf(lastOf([...lasting(60, { v1: [450, 450, 450, 450] }), ...lasting(30, sick)]))).toBe(5);
  });

  it('does not take a new replica that warms up for a sick one', () => {
    const decision = lastOf([
      ...lasting(60, { v1: [600, 600, 600, 600] }),
      ...lasting(10, { v1: [590, 590, 590, 590, 40] }),
    ]);
    expect(decision.versions.get('v1')).toMatchObject({ replicas: 5, sick: [] });
  });

  it('judges no share by a handful of calls', () => {
    const decision = lastOf(lasting(60, { v1: [3, 0, 1, 0] }));
    expect(decision.versions.get('v1')).toMatchObject({ replicas: 2, sick: [] });
  });

  it('does not fall while the breaker keeps the calls away', () => {
    const decision = lastOf([
      ...lasting(60, { v1: [500, 500, 500, 490] }),
      ...lasting(120, { v1: [0, 0, 0, 0], breaker: 'OPEN' }),
    ]);
    expect(replicasOf(decision)).toBe(4);
    expect(decision.versions.get('v1')?.offered).toBeCloseTo(1990);
  });

  it('changes nothing while frozen', () => {
    const rising = lasting(60, { v1: [900, 900, 900, 890], frozen: true });
    expect(replicasOf(lastOf([...lasting(60, { v1: [500, 500, 500, 490] }), ...rising]))).toBe(4);
  });

  it('is ahead of a peak that is forecast, and ignores a forecast of less', () => {
    const now = { v1: [500, 500, 500, 490] };
    expect(replicasOf(lastOf(lasting(60, { ...now, forecast: 4000 })))).toBe(8);
    expect(replicasOf(lastOf(lasting(60, { ...now, forecast: 100 })))).toBe(4);
  });
});

describe('the demand for replicas in a rollout', () => {
  const at = (phase: RolloutPhase, stage: number, candidateWeight: number) => ({
    phase,
    stage,
    candidateWeight,
  });

  it.each([
    ['before its first step has replicas for that step', at('Pending', -1, 0), 4, 2],
    ['in a step has replicas for the next one', at('Progressing', 0, 1000), 4, 2],
    ['in its last step has replicas for all', at('Progressing', 1, 4000), 4, 4],
    ['after the promotion keeps stable warm', at('Baking', 2, 10_000), 4, 4],
    ['that goes back lets the candidate go', at('RollingBack', 1, 0), 4, 2],
  ])('a candidate %s', (_, rollout, stable, candidate) => {
    const share = rollout.candidateWeight / 10_000;
    const total = 1990;
    const decision = lastOf(
      lasting(90, {
        v1: Array.from({ length: 4 }, () => (total * (1 - share)) / 4),
        v2: Array.from({ length: 2 }, () => (total * share) / 2),
        rollout,
      }),
    );
    expect([replicasOf(decision, 'v1'), replicasOf(decision, 'v2')]).toEqual([stable, candidate]);
  });

  it('does not fall between two steps', () => {
    const rollout = at('Progressing', 0, 1000);
    const decision = lastOf([
      ...lasting(60, { v1: [450, 450, 450, 440], v2: [100, 100], rollout }),
      ...lasting(60, { v1: [200, 200, 200, 200], v2: [40, 40], rollout }),
    ]);
    expect(decision.versions.get('v1')).toMatchObject({
      replicas: 4,
      held: expect.stringContaining('rollout'),
    });
  });
});
