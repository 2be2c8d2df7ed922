import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Load, startLoad } from '../protection/load.ts';
import { until } from '../translate/mesh.ts';
import { fails } from '../translate/model-server.ts';
import { HOST, IstioMesh } from './istio-mesh.ts';

/** The gate reads load reports, which Envoy sends through a static cluster only: without one, time alone decides. */
const GATE = '{name: errors, type: ErrorRate, thresholdRange: {max: 0.05}}';
const rollout = (metrics: string) => `---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2, namespace: ml}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 20}, {pause: {duration: 2s}}, {setWeight: 60}, {pause: {duration: 2s}}, {setWeight: 100}]}
  retention: 1s
  analysis:
    interval: 500ms
    warmUp: 0s
    metrics: [${metrics}]
`;

let mesh: IstioMesh;
let load: Load;

beforeEach(async ({ task }) => {
  const transport = task.name.includes("istiod's cluster") ? 'istio' : 'static';
  mesh = await IstioMesh.start({
    specs: rollout(transport === 'static' ? GATE : ''),
    serviceSpec: '  stickiness: [{header: x-user-id}]',
    envoy: task.name.includes('oldest') ? 'oldest' : 'newest',
    transport,
  });
  load = startLoad(mesh.caller, HOST, 100);
});
afterEach(async () => {
  await load?.stop();
  await mesh?.stop();
});

const phaseIs = (phase: string) =>
  until(phase, async () => (await mesh.penstock.rollout()).phase === phase, 60_000);
const lost = () => load.answers.filter(({ status }) => status !== 0);

describe("a rollout in Istio's sidecars", () => {
  it.each(['the newest Envoy', 'the oldest Envoy', "the newest Envoy through istiod's cluster"])(
    'comes to completion without a push of istiod: %s',
    async () => {
      const before = await mesh.istiod.pushes();
      await phaseIs('Completed');
      await mesh.weightIs(10_000);
      expect(await mesh.shareOf('v2')).toBe(100);
      expect(lost()).toEqual([]);
      expect(await mesh.istiod.pushes()).toBe(before);
    },
  );

  it('rolls back a candidate that fails', async () => {
    mesh.models[1].behaviour = fails(13);
    await phaseIs('RolledBack');
    await mesh.weightIs(0);
    expect(await mesh.shareOf('v1')).toBe(100);
  });
});
