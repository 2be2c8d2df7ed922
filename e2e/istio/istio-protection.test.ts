import { afterEach, expect, it } from 'vitest';
import { startLoad } from '../protection/load.ts';
import { until } from '../translate/mesh.ts';
import { answers, fails } from '../translate/model-server.ts';
import { HOST, IstioMesh } from './istio-mesh.ts';

const policy = (spec: string) => `---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud, namespace: ml}
spec:
  targetRef: {name: fraud}
${spec}
`;
const BREAKER = policy(`  breaker:
    requestVolumeThreshold: 20
    window: 3s
    sleepWindow: 2s
    halfOpen: {percent: 5, minRequests: 5}
    bypass: [{headers: [{name: x-probe, value: 'yes'}]}]
    fallback: {response: {grpcStatus: RESOURCE_EXHAUSTED, message: come back later}}`);
const LIMIT = policy(
  '  rateLimits: [{name: per-tenant, per: [{header: x-tenant}], requestsPerSecond: 5, burst: 5}]',
);

let mesh: IstioMesh | undefined;
afterEach(async () => {
  await mesh?.stop();
  mesh = undefined;
});

it("opens the breaker in Istio's sidecars, answers with the fallback, and closes it again", async () => {
  const started = await IstioMesh.start({ specs: BREAKER });
  mesh = started;
  const before = await started.istiod.pushes();
  const [v1] = started.models;
  v1.behaviour = fails(13);
  const load = startLoad(started.caller, HOST, 50);
  await until('calls are answered by the fallback', () => load.answers.at(-1)?.fallback === 'response');
  expect(load.answers.at(-1)).toMatchObject({ status: 8, message: 'come back later' });
  expect((await started.caller.call(HOST, { 'x-probe': 'yes' })).status).toBe(13);
  v1.behaviour = answers('v1');
  await until('the model is called again', () => {
    const last = load.answers.slice(-50);
    return last.length === 50 && last.every(({ status }) => status === 0);
  });
  await load.stop();
  expect(await started.istiod.pushes()).toBe(before);
});

it('enforces a limit in the sidecar in front of a model, and a changed one without istiod', async () => {
  const started = await IstioMesh.start({ specs: LIMIT, inbound: true });
  mesh = started;
  const before = await started.istiod.pushes();
  const refusedOf = async (tenant: string) => {
    const answered = await started.caller.calls(50, HOST, () => ({ 'x-tenant': tenant }));
    return answered.filter(({ status }) => status === 8).length;
  };
  await until('the limit is in force', async () => (await refusedOf(`t${Math.random()}`)) > 30);
  expect(await refusedOf('another')).toBeGreaterThan(30);
  started.penstock.edit(
    started.specs.replace('requestsPerSecond: 5, burst: 5', 'requestsPerSecond: 1000, burst: 1000'),
  );
  await until('the new limit is in force', async () => (await refusedOf(`t${Math.random()}`)) === 0);
  expect(await started.istiod.pushes()).toBe(before);
});
