import { describe, expect, it } from 'vitest';
import { Simulation } from '../../../bench/rollout/simulation.ts';
import { type ModelRollout, modelRolloutSchema } from '../api/model-rollout.ts';
import { sliceStatus } from './slice-status.ts';

const spec = {
  targetRef: { kind: 'ModelService', name: 'fraud' },
  stable: 'v1',
  candidate: 'v2',
  strategy: {
    steps: [{ setWeight: 5, slices: { ours: 100 } }, { setWeight: 25 }, { setWeight: 100 }],
  },
  slices: [
    { name: 'ours', match: [{ headers: [{ name: 'x-tenant', value: 'ours' }] }] },
    {
      name: 'phones',
      weight: 0,
      match: [{ headers: [{ name: 'x-device', prefix: 'phone' }] }, { pathPrefix: '/mobile' }],
    },
  ],
  analysis: { warmUp: '0s', metrics: [{ name: 'errors', type: 'ErrorRate', maxRatio: 2 }] },
};

const rollout: ModelRollout = modelRolloutSchema.parse({
  apiVersion: 'penstock.dev/v1alpha1',
  kind: 'ModelRollout',
  metadata: { name: 'fraud-v2' },
  spec,
});

/** Name and weight of every row, as the decisions of a real rollout publish them. */
function rows(simulation: Simulation) {
  return sliceStatus(rollout, simulation.last.state).map(({ name, weight }) => [name, weight]);
}

describe('the table of slices', () => {
  it('names what makes each, in words', () => {
    expect(sliceStatus(rollout, undefined)).toEqual([
      { name: 'ours', match: 'x-tenant: ours', weight: 0 },
      { name: 'phones', match: 'x-device: phone… or /mobile…', weight: 0 },
    ]);
  });

  it.each([
    ['at the first step', 500, 10_000, 0],
    ['at the second, which leaves a slice as it was', 2500, 10_000, 0],
    ['with the promotion, like everybody', 10_000, 10_000, 10_000],
  ])('follows the weights that are published: %s', (_, everybody, ours, phones) => {
    const simulation = new Simulation({ spec });
    expect(simulation.until(() => simulation.weightOf('v2') === everybody, 600)).toBeDefined();
    expect(rows(simulation)).toEqual([
      ['ours', ours],
      ['phones', phones],
    ]);
  });

  it('shows nothing on the candidate once it was rolled back', () => {
    const simulation = new Simulation({ spec, candidate: () => ({ failureRate: 1 }) });
    simulation.until(({ state }) => state.phase === 'RolledBack', 60);
    expect(rows(simulation)).toEqual([
      ['ours', 0],
      ['phones', 0],
    ]);
  });
});
