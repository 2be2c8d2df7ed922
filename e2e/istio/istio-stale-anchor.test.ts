import { afterEach, expect, it } from 'vitest';
import { startLoad } from '../protection/load.ts';
import { until } from '../translate/mesh.ts';
import { HOST, IstioMesh } from './istio-mesh.ts';

/** Time alone decides: nothing would hold it but sidecars that do not follow. */
const ROLLOUT = `---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2, namespace: ml}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 50}, {pause: {duration: 1s}}, {setWeight: 100}]}
  retention: 20s
  analysis: {interval: 500ms, warmUp: 0s}
`;

let mesh: IstioMesh | undefined;
afterEach(async () => {
  await mesh?.stop();
  mesh = undefined;
});

it('loses no call through an anchor that lacks the new version, says so, and goes on once it is applied', async () => {
  const started = await IstioMesh.start({ specs: ROLLOUT, anchored: ['v1'] });
  mesh = started;
  const load = startLoad(started.caller, HOST, 50);
  await until('v1 is told next to nothing', async () => (await started.told('v1')) === 1, 60_000);
  expect(await started.shareOf('v1', 200)).toBe(100);
  await until(
    'the rollout names the sidecar',
    async () => /calls v1, .*applied again/.test((await started.penstock.rollout()).laggards.join()),
    60_000,
  );
  await until('the rollout does not take it for converged', async () =>
    (await started.penstock.rollout()).conditions.some(
      ({ type, status }) => type === 'Converged' && status === 'False',
    ),
  );
  started.applyAnchor();
  await until('the candidate has the traffic', async () => (await started.shareOf('v2', 50)) === 100, 60_000);
  await until('the rollout sees it', async () => (await started.penstock.rollout()).laggards.length === 0);
  await load.stop();
  expect(load.answers.filter(({ status }) => status !== 0)).toEqual([]);
});
