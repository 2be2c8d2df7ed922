import { describe, expect, it } from 'vitest';
import { readSpecs } from '../api/read-specs.ts';
import { servedVersion } from './decide-fixture.ts';
import { decideService } from './decide-service.ts';
import { restoredState, savedState } from './saved-state.ts';
import {
  NEW_SERVICE_STATE,
  type ServiceLook,
  type ServiceOutcome,
  type ServiceState,
} from './service-look.ts';
import { indexSpecs } from './spec-index.ts';

const START = 1_700_000_000_000;
const V1 = ['10.0.0.1:1', '10.0.0.2:1'];
const V2 = ['10.0.0.3:1'];

const SPECS = indexSpecs(
  readSpecs([
    {
      file: 'specs.yaml',
      text: `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 10.0.0.1, port: 1}, {address: 10.0.0.2, port: 1}]}}
  - {name: v2, endpoints: {static: [{address: 10.0.0.3, port: 1}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, breaker: {errorThresholdPercent: 40}, balancing: {}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 20}, {pause: {duration: 5s}}, {setWeight: 100}]}
  retention: 1h
  analysis: {interval: 1s, warmUp: 0s, metrics: [{name: errors, type: ErrorRate, thresholdRange: {max: 0.2}}]}
`,
    },
  ]).objects,
);

type Given = Partial<
  Pick<ServiceLook, 'frozen' | 'commands' | 'rollout' | 'rolloutObservation' | 'policy'>
> & {
  /** Share of failures by endpoint. */
  readonly failing?: Readonly<Record<string, number>>;
};

/** One look, with the sidecars in step with what the state published. */
function look(state: ServiceState, second: number, { failing = {}, ...given }: Given = {}): ServiceOutcome {
  const nowMs = START + second * 1000;
  const served = (addresses: readonly string[]) =>
    servedVersion(
      addresses.map((address) => ({ address, requests: 200, failures: 200 * (failing[address] ?? 0) })),
      nowMs,
    );
  const versions = new Map([
    ['v1', served(V1)],
    ['v2', served(V2)],
  ]);
  const observation = { service: 'default/fraud', at: nowMs, versions, queries: new Map() };
  const service = SPECS.services.get('default/fraud');
  if (service === undefined) throw new Error('no service');
  return decideService({
    service,
    rollout: SPECS.rollouts.get('default/fraud'),
    policy: SPECS.policies.get('default/fraud'),
    observation,
    rolloutObservation: observation,
    endpoints: new Map([
      ['v1', V1],
      ['v2', V2],
    ]),
    inbound: [],
    acknowledged: { revision: state.rollout?.state.revision ?? 0, connected: 1, laggards: [] },
    commands: [],
    answers: new Map(),
    frozen: false,
    state,
    nowMs,
    ...given,
  });
}

/** Looks once a second, by way of what happens to the state in between. */
function run(
  count: number,
  given: (second: number) => Given,
  between: (state: ServiceState) => ServiceState = (state) => state,
): readonly ServiceOutcome[] {
  const outcomes: ServiceOutcome[] = [];
  for (let second = 0; second < count; second++)
    outcomes.push(look(between(outcomes.at(-1)?.state ?? NEW_SERVICE_STATE), second, given(second)));
  return outcomes;
}

const weightsOf = ({ decisions }: ServiceOutcome) => decisions.weights?.map(({ weight }) => weight);
const ALL = { '10.0.0.1:1': 1, '10.0.0.2:1': 1, '10.0.0.3:1': 1 };

describe('the state of a service', () => {
  it.each([
    ['a promotion', () => ({})],
    ['a rollback', (second: number) => ({ failing: second > 3 ? { '10.0.0.3:1': 0.9 } : {} })],
    ['an outage', (second: number) => ({ failing: second > 3 ? ALL : {} })],
    ['an endpoint that fails', (second: number) => ({ failing: second > 3 ? { '10.0.0.1:1': 0.5 } : {} })],
  ] as const)('survives a restart at every look of %s', (_, given) => {
    const restarting = (state: ServiceState) => {
      const { state: restored, dropped } = restoredState(JSON.parse(JSON.stringify(savedState(state))));
      expect(dropped).toEqual([]);
      return restored;
    };
    const straight = run(30, given);
    const restarted = run(30, given, restarting);
    expect(restarted.map(({ decisions }) => decisions)).toEqual(straight.map(({ decisions }) => decisions));
    expect(restarted.flatMap(({ events }) => events)).toEqual(straight.flatMap(({ events }) => events));
  });

  it('keeps the weights while it is not the turn of the rollout', () => {
    const before = run(2, () => ({})).at(-1);
    if (before === undefined) throw new Error('no outcome');
    const between = look(before.state, 2, { rolloutObservation: undefined });
    expect(between.rollout).toBeUndefined();
    expect(weightsOf(between)).toEqual([8000, 2000]);
    expect(between.state.rollout).toEqual(before.state.rollout);
  });

  it('ends with its rollout: all traffic to the default version', () => {
    const before = run(2, () => ({})).at(-1);
    const after = look(before?.state ?? NEW_SERVICE_STATE, 2, {
      rollout: undefined,
      rolloutObservation: undefined,
    });
    expect(after.decisions.weights).toBeUndefined();
    expect(after.state.rollout).toBeUndefined();
  });

  it('of a rollout by another name is not taken over', () => {
    const before = run(9, () => ({})).at(-1);
    expect(weightsOf(before as ServiceOutcome)).toEqual([0, 10_000]);
    const other = SPECS.rollouts.get('default/fraud');
    if (other === undefined) throw new Error('no rollout');
    const renamed = { ...other, metadata: { ...other.metadata, name: 'fraud-again' } };
    const after = look(before?.state ?? NEW_SERVICE_STATE, 9, { rollout: renamed });
    expect(after.state.rollout).toMatchObject({ name: 'fraud-again', startedAt: START + 9000 });
    expect(weightsOf(after)).toEqual([8000, 2000]);
  });
});

describe('one policy and another', () => {
  it('while the breaker is not closed no endpoint is derated', () => {
    const outcomes = run(20, (second) => ({ failing: second < 3 ? {} : { ...ALL, '10.0.0.2:1': 0.6 } }));
    const open = outcomes.filter(({ breaker }) => breaker?.state.phase === 'OPEN');
    expect(open.length).toBeGreaterThan(10);
    const factors = open.map(({ decisions }) =>
      JSON.stringify([...(decisions.endpointFactors.get('v1') ?? [])]),
    );
    expect(new Set(factors).size).toBe(1);
    expect(open.every(({ decisions }) => decisions.admitted === 0)).toBe(true);
  });

  it('frozen, nothing changes by itself, and a person still aborts', () => {
    const outcomes = run(20, (second) => ({ frozen: second > 2, failing: second > 2 ? ALL : {} }));
    expect(new Set(outcomes.slice(1).map((each) => String(weightsOf(each))))).toEqual(new Set(['8000,2000']));
    expect(outcomes.every(({ decisions }) => decisions.admitted === 10_000)).toBe(true);
    const state = outcomes.at(-1)?.state ?? NEW_SERVICE_STATE;
    expect(weightsOf(look(state, 20, { frozen: true, commands: [{ type: 'abort' }] }))).toEqual([10_000, 0]);
  });

  it('a breaker in shadow decides and admits everybody', () => {
    const policy = SPECS.policies.get('default/fraud');
    if (policy?.spec.breaker === undefined) throw new Error('no breaker');
    const shadow = { ...policy, spec: { ...policy.spec, breaker: { ...policy.spec.breaker, shadow: true } } };
    const outcomes = run(10, (second) => ({ policy: shadow, failing: second > 3 ? ALL : {} }));
    expect(outcomes.at(-1)?.breaker?.state.phase).toBe('OPEN');
    expect(outcomes.at(-1)?.decisions.admitted).toBeUndefined();
  });
});
