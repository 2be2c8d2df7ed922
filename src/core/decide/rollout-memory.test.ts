import { describe, expect, it } from 'vitest';
import { readSpecs } from '../api/read-specs.ts';
import { decideService } from './decide-service.ts';
import { restoredState, savedState } from './saved-state.ts';
import { NEW_SERVICE_STATE, type ServiceLook, type ServiceState } from './service-look.ts';
import { indexSpecs } from './spec-index.ts';

const START = 1_700_000_000_000;

const SERVICE = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 10.0.0.1, port: 1}]}}
  - {name: v2, endpoints: {static: [{address: 10.0.0.2, port: 1}]}}
  - {name: v3, endpoints: {static: [{address: 10.0.0.3, port: 1}]}}
`;

function rollout(name: string, candidate: string, retention = '10m'): string {
  return `
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: ${name}}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: ${candidate}
  strategy: {steps: [{setWeight: 20}, {pause: {}}]}
  analysis: {warmUp: 0s, metrics: []}
  retention: ${retention}
`;
}

/** Looks once a second, each a restart, with these specs in force and everything acknowledged. */
class Service {
  state: ServiceState = NEW_SERVICE_STATE;
  second = 0;
  #revision = 0;

  run(specs: string, seconds: number, commands: ServiceLook['commands'] = []) {
    const index = indexSpecs(readSpecs([{ file: 'specs.yaml', text: SERVICE + specs }]).objects);
    const service = index.services.get('default/fraud');
    if (service === undefined) throw new Error('no service');
    for (let i = 0; i < seconds; i++) {
      this.second += 1;
      const nowMs = START + 1000 * this.second;
      const observation = { service: 'default/fraud', at: nowMs, versions: new Map(), queries: new Map() };
      const outcome = decideService({
        service,
        rollout: index.rollouts.get('default/fraud'),
        policy: undefined,
        observation,
        rolloutObservation: observation,
        endpoints: new Map(),
        inbound: [],
        acknowledged: { revision: this.#revision, connected: 1, laggards: [] },
        commands: i === 0 ? commands : [],
        answers: new Map(),
        frozen: false,
        state: this.state,
        nowMs,
      });
      this.#revision = outcome.rollout?.revision ?? 0;
      this.state = restoredState(JSON.parse(JSON.stringify(savedState(outcome.state)))).state;
    }
    return this.state.rollout;
  }
}

describe('a rollout that is removed from the specs', () => {
  it('and put back within its retention goes on where it was', () => {
    const service = new Service();
    const before = service.run(rollout('v2', 'v2'), 5);
    expect(before?.state.candidateWeight).toBe(2000);
    expect(service.run('', 60)).toBeUndefined();
    const after = service.run(rollout('v2', 'v2'), 2);
    expect(after?.state).toMatchObject({ stage: 0, candidateWeight: 2000, phase: 'Progressing' });
    expect(after?.startedAt).toBe(before?.startedAt);
    expect(after?.state.revision).toBeGreaterThan(before?.state.revision ?? 0);
    expect(after?.state.timers.stageMs).toBeLessThan(10_000);
  });

  it('after a rollback is not tried again by being put back', () => {
    const service = new Service();
    service.run(rollout('v2', 'v2'), 5);
    expect(service.run(rollout('v2', 'v2'), 3, [{ type: 'abort' }])?.state.phase).toBe('RolledBack');
    service.run('', 60);
    expect(service.run(rollout('v2', 'v2'), 3)?.state).toMatchObject({
      phase: 'RolledBack',
      reason: 'Aborted',
    });
  });

  it.each([
    ['later than that', '', rollout('v2', 'v2', '30s')],
    ['after another one', rollout('v3', 'v3'), rollout('v2', 'v2')],
    ['for another candidate', '', rollout('v2', 'v3')],
  ])('and put back %s begins anew', (_, meanwhile, again) => {
    const service = new Service();
    const before = service.run(rollout('v2', 'v2'), 5);
    service.run(meanwhile, 60);
    const after = service.run(again, 1);
    expect(after?.startedAt).toBeGreaterThan(before?.startedAt ?? 0);
    expect(after?.state.phaseSinceMs).toBeGreaterThanOrEqual(START + 66_000);
  });
});
