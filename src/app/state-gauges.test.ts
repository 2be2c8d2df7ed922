import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { SampleMesh } from '../../e2e/dashboard/sample-mesh.ts';
import type { ServiceView } from '../controller/controller.ts';
import { registerStateGauges } from './state-gauges.ts';

const view = {
  service: { kind: 'ModelService', metadata: { namespace: 'default', name: 'fraud' } },
  observation: {
    versions: new Map([
      ['v1', { requests: { kind: 'value', value: { requests: 0, failures: 0 }, at: 1 } }],
      ['v2', { requests: { kind: 'stale', lastAt: 1, detail: 'not scraped' } }],
    ]),
  },
} as unknown as ServiceView;

it('the gauges say how things stand at the moment of the scrape', async () => {
  const registry = new Registry();
  const mesh = new SampleMesh({ now: 1_760_000_000_000 });
  registerStateGauges(registry, { controlPlane: mesh, views: () => [view] });
  const text = await registry.metrics();
  const [rollout] = mesh.rollouts();
  const gate = rollout?.gates.find(({ log10Evidence }) => log10Evidence !== undefined);
  const connected = mesh.sidecars().length;
  const converged = mesh.sidecars().filter((each) => each.converged).length;
  for (const line of [
    `penstock_build_info{version="0.1.0",node="${process.versions.node}"} 1`,
    `penstock_rollout_phase{rollout="default/${rollout?.name}",service="default/${rollout?.service}",phase="${rollout?.phase}"} 1`,
    `penstock_gate_evidence_log10{rollout="default/${rollout?.name}",gate="${gate?.name}"} ${gate?.log10Evidence}`,
    `penstock_gate_bound_log10{rollout="default/${rollout?.name}",gate="${gate?.name}"} ${gate?.log10Bound}`,
    `penstock_sidecars_connected ${connected}`,
    `penstock_sidecars_converged ${converged}`,
    'penstock_data_known{service="default/fraud",version="v1"} 1',
    'penstock_data_known{service="default/fraud",version="v2"} 0',
  ])
    expect(text.split('\n')).toContain(line);
  expect(text).toMatch(/^penstock_breaker_state\{service="default\/\w+",state="\w+"\} 1$/m);
  expect(text).toMatch(/^penstock_sidecars_lag_seconds \d/m);
});

it('who is gone leaves no series behind', async () => {
  const registry = new Registry();
  const mesh = new SampleMesh({ now: 0 });
  const present = mesh.rollouts();
  let rollouts = present;
  const controlPlane = {
    status: () => mesh.status(),
    rollouts: () => rollouts,
    breakers: () => mesh.breakers(),
    sidecars: () => mesh.sidecars(),
  };
  registerStateGauges(registry, { controlPlane, views: () => [] });
  expect(await registry.metrics()).toContain('penstock_rollout_phase{');
  rollouts = [];
  expect(await registry.metrics()).not.toContain('penstock_rollout_phase{');
});
