import { describe, expect, it } from 'vitest';
import { readSpecs } from '../api/read-specs.ts';
import { servedVersion } from './decide-fixture.ts';
import { decideService } from './decide-service.ts';
import { NEW_SERVICE_STATE, type ScaledWorkload, type ServiceOutcome } from './service-look.ts';
import { indexSpecs } from './spec-index.ts';

const START = 1_700_000_000_000;

function specsOf(scaling: string, policy: string, defaultVersion: string) {
  const text = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  defaultVersion: ${defaultVersion}
  versions:
  - {name: v1, endpoints: {kubernetes: {selector: {version: v1}}}, scaleTargetRef: {name: fraud-v1}}
  - {name: v2, endpoints: {kubernetes: {selector: {version: v2}}}, scaleTargetRef: {name: fraud-v2}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 25}, {setWeight: 50}, {setWeight: 100}]}
  retention: 5s
  progressDeadline: 60s
  scaling: {${scaling}}
  analysis: {interval: 1s, warmUp: 0s}
${policy === '' ? '' : `---\napiVersion: penstock.dev/v1alpha1\nkind: TrafficPolicy\nmetadata: {name: fraud}\nspec: {targetRef: {name: fraud}, scaling: {${policy}}}`}
`;
  return indexSpecs(readSpecs([{ file: 'specs.yaml', text }]).objects);
}

/** A cluster that brings what is asked of it a look later, ready `slow` looks after that. */
function run(
  count: number,
  { scaling = '', policy = '', slow = 1, perSecond = 1600, broken = false, defaultVersion = 'v2' } = {},
): readonly (ServiceOutcome & { readonly pods: Readonly<Record<string, number>> })[] {
  const specs = specsOf(scaling, policy, defaultVersion);
  const service = specs.services.get('default/fraud');
  if (service === undefined) throw new Error('no service');
  const outcomes: (ServiceOutcome & { readonly pods: Readonly<Record<string, number>> })[] = [];
  const replicas: Record<string, number> = { v1: 4, v2: 0 };
  let ready: Record<string, number>[] = Array.from({ length: slow + 1 }, () => ({ ...replicas }));
  for (let second = 0; second < count; second++) {
    const nowMs = START + 1000 * second;
    const state = outcomes.at(-1)?.state ?? NEW_SERVICE_STATE;
    const pods = ready[0] ?? {};
    const share = (state.rollout?.state.candidateWeight ?? 0) / 10_000;
    const endpoints = (version: string) =>
      Array.from({ length: pods[version] ?? 0 }, (_, i) => `10.0.${version.slice(1)}.${i}:1`);
    const served = (version: string, part: number) =>
      servedVersion(
        endpoints(version).map((address, _, all) => ({
          address,
          requests: (perSecond * part) / all.length,
          failures: 0,
        })),
        nowMs,
      );
    const observation = {
      service: 'default/fraud',
      at: nowMs,
      versions: new Map([
        ['v1', served('v1', 1 - share)],
        ['v2', served('v2', share)],
      ]),
      queries: new Map(),
    };
    const workloads = new Map<string, ScaledWorkload>(
      ['v1', 'v2'].map((version) => [
        version,
        {
          name: `fraud-${version}`,
          replicas: replicas[version],
          pods: replicas[version],
          trouble: undefined,
        },
      ]),
    );
    const outcome = decideService({
      service,
      rollout: specs.rollouts.get('default/fraud'),
      policy: specs.policies.get('default/fraud'),
      observation,
      rolloutObservation: observation,
      endpoints: new Map([
        ['v1', endpoints('v1')],
        ['v2', endpoints('v2')],
      ]),
      workloads,
      inbound: [],
      acknowledged: { revision: state.rollout?.state.revision ?? 0, connected: 1, laggards: [] },
      commands: [],
      answers: new Map(),
      frozen: false,
      state,
      nowMs,
    });
    for (const [version, { atLeast = 0, atMost = 100 }] of outcome.workload.targets)
      replicas[version] = Math.min(Math.max(replicas[version] ?? 0, atLeast), Math.max(atMost, atLeast));
    ready = [...ready.slice(1), broken ? { ...replicas, v2: 0 } : { ...replicas }];
    outcomes.push({ ...outcome, pods: { ...replicas } });
  }
  return outcomes;
}

/** The candidate's weight, and both versions' pods, as often as they change. */
function story(outcomes: ReturnType<typeof run>): readonly string[] {
  const lines = outcomes.map(({ state, pods }) => {
    const percent = (state.rollout?.state.candidateWeight ?? 0) / 100;
    return `${percent} %: ${pods.v1}+${pods.v2}`;
  });
  return lines.filter((line, i) => line !== lines[i - 1]);
}

describe('a rollout that scales', () => {
  it('has the candidate follow its weights, a step ahead', () => {
    expect(story(run(40, { slow: 3 }))).toEqual([
      '0 %: 4+1',
      '25 %: 4+2',
      '50 %: 4+4',
      '100 %: 4+4',
      '100 %: 0+4',
    ]);
  });

  it('provides what the demand says, where a policy tells what one replica serves', () => {
    const policy = 'requestsPerSecondPerReplica: 200, minReplicas: 1';
    // Eight replicas' worth, on four.
    expect(story(run(40, { policy })).slice(0, 3)).toEqual(['0 %: 4+1', '0 %: 4+2', '25 %: 4+4']);
  });

  it('exchanges replicas within a bounded surge', () => {
    const outcomes = run(60, { scaling: 'maxSurge: 3' });
    expect(Math.max(...outcomes.map(({ pods }) => (pods.v1 ?? 0) + (pods.v2 ?? 0)))).toBeLessThanOrEqual(7);
    expect(story(outcomes).at(-1)).toBe('100 %: 0+4');
  });

  it('tells autoscalers no more than the surge leaves', () => {
    const policy = 'requestsPerSecondPerReplica: 400, minReplicas: 1';
    const outcomes = run(60, { scaling: 'maxSurge: 3', policy });
    const underWay = outcomes.filter(({ state }) => state.rollout?.state.phase !== 'Completed');
    expect(underWay.length).toBeGreaterThan(5);
    for (const { demand, state } of underWay) {
      const told = [...demand.versions.values()].reduce((sum, { replicas }) => sum + replicas, 0);
      expect(told).toBeLessThanOrEqual((state.demand.versions.v1?.replicas ?? 0) + 3);
    }
  });

  it('goes back when replicas do not come in time, and lets them go', () => {
    const outcomes = run(120, { broken: true, defaultVersion: 'v1' });
    const phases = outcomes.map(({ state }) => state.rollout?.state.phase);
    expect(phases[30]).toBe('Pending');
    expect(outcomes.at(30)?.state.rollout?.state.message).toBe(
      '0 of 1 replicas of Deployment fraud-v2 are ready',
    );
    expect(phases.at(-1)).toBe('RolledBack');
    expect(story(outcomes)).toEqual(['0 %: 4+1', '0 %: 4+0']);
  });

  it('says what it does, once', () => {
    const said = run(40).flatMap(({ events }) =>
      events.filter(({ subject }) => subject.startsWith('Workload/')),
    );
    expect(said.map(({ message }) => message)).toEqual([
      'v2 (Deployment fraud-v2): at least 1 replicas for its next stage',
      'v2 (Deployment fraud-v2): at least 2 replicas for its next stage',
      'v2 (Deployment fraud-v2): at least 4 replicas for its next stage',
      'v1 (Deployment fraud-v1): no replicas: it gets no traffic any more',
    ]);
  });
});
