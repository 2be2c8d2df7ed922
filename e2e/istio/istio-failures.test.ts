import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Load, startLoad } from '../protection/load.ts';
import { until } from '../translate/mesh.ts';
import { HOST, IstioMesh } from './istio-mesh.ts';

/** Nobody but a person leaves a step, so that each failure meets a known weight. */
const ROLLOUT = `---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2, namespace: ml}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 30}, {pause: {}}, {setWeight: 60}, {pause: {}}, {setWeight: 100}]}
  retention: 1h
  analysis: {interval: 500ms, warmUp: 0s}
`;
/** How much of a second a machine with other work may need beside what is measured, ms. */
const SLACK_MS = 250;

let mesh: IstioMesh;
let load: Load;

beforeEach(async ({ task }) => {
  mesh = await IstioMesh.start({
    specs: ROLLOUT,
    transport: task.suite?.name.includes("istiod's cluster") ? 'istio' : 'static',
  });
  await mesh.weightIs(3000);
  load = startLoad(mesh.caller, HOST, 50);
});
afterEach(async () => {
  await load?.stop();
  await mesh?.stop();
});

const lost = () => load.answers.filter(({ status }) => status !== 0);
const promote = () => mesh.penstock.run('promote', 'ml/fraud-v2');

/** Within what 2000 draws leave to chance: four standard deviations. */
async function expectShare(percent: number): Promise<void> {
  const share = await mesh.shareOf('v2', 2000);
  expect(Math.abs(share - percent)).toBeLessThan(4.1);
}

describe.each(['a static cluster', "istiod's cluster"])('through %s', () => {
  it('keeps the weights while Penstock is down, and follows again when it is back', async () => {
    await mesh.penstock.kill();
    await expectShare(30);
    await mesh.penstock.restart();
    await expectShare(30);
    await promote();
    await mesh.weightIs(6000);
    await expectShare(60);
    await load.stop();
    expect(lost()).toEqual([]);
  });

  it('keeps the weights while istiod is restarted, and changes them without it', async () => {
    await mesh.istiod.kill();
    await promote();
    await mesh.weightIs(6000);
    await expectShare(60);
    await mesh.istiod.restart();
    await until('the sidecar follows istiod again', async () => (await mesh.istiod.pushes()) > 0);
    await expectShare(60);
    await load.stop();
    expect(lost()).toEqual([]);
  });

  it('gives a sidecar that is restarted the weights again', async () => {
    await load.stop();
    await mesh.client.kill();
    await mesh.client.start();
    await mesh.weightIs(3000);
    await mesh.reconnect();
    await expectShare(30);
  });

  it('has a sidecar that starts without Penstock serve with the defaults, in time, and follow later', async () => {
    await load.stop();
    await mesh.client.kill();
    await mesh.penstock.kill();
    const withoutPenstock = await mesh.client.start();
    await mesh.client.kill();
    const withoutUs = await mesh.startWithoutPenstock();
    expect(withoutPenstock - withoutUs).toBeLessThan(1000 + SLACK_MS);
    await mesh.client.start();
    await mesh.reconnect();
    expect(await mesh.shareOf('v1', 500)).toBe(100);
    await mesh.penstock.restart();
    await mesh.weightIs(3000);
    await expectShare(30);
  });
});
