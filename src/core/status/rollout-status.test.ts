import { expect, it } from 'vitest';
import { Simulation } from '../../../bench/rollout/simulation.ts';
import { modelRolloutSchema } from '../api/model-rollout.ts';
import { rolloutStatus } from './rollout-status.ts';

const spec = {
  targetRef: { kind: 'ModelService', name: 'fraud' },
  stable: 'v1',
  candidate: 'v2',
  strategy: { steps: [{ setWeight: 10 }, { setWeight: 100 }] },
  retention: '0s',
  analysis: { warmUp: '0s', metrics: [{ name: 'errors', type: 'ErrorRate', maxRatio: 2 }] },
};
const rollout = (changed: Readonly<Record<string, unknown>>) =>
  modelRolloutSchema.parse({
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelRollout',
    metadata: { name: 'fraud' },
    spec: { ...spec, ...changed },
  });

function statusAfter(simulation: Simulation, changed: Readonly<Record<string, unknown>>) {
  const known = { name: 'fraud', state: simulation.last.state, startedAt: 1 };
  return rolloutStatus(rollout(changed), known, simulation.last, [], []);
}

it('an edited spec does not inherit the end of the rollout before it, nor its gates', () => {
  const simulation = new Simulation({ spec });
  expect(simulation.until(() => simulation.last.state.phase === 'Completed', 600)).toBeDefined();
  expect(statusAfter(simulation, {})).toMatchObject({ phase: 'Completed', candidate: 'v2', weight: 10_000 });
  expect(statusAfter(simulation, { stable: 'v2', candidate: 'v3' })).toMatchObject({
    phase: 'Pending',
    message: 'edited, not looked at yet',
    candidate: 'v3',
    weight: 0,
    gates: [],
    conditions: [],
  });
});

it('edited steps are the same rollout', () => {
  const simulation = new Simulation({ spec });
  expect(simulation.until(() => simulation.last.state.phase === 'Progressing', 600)).toBeDefined();
  const steps = [{ setWeight: 10 }, { setWeight: 50 }, { setWeight: 100 }];
  const { phase, weight } = statusAfter(simulation, { strategy: { steps } });
  expect({ phase, weight }).toEqual({ phase: 'Progressing', weight: 1000 });
});
