import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeMetadata } from '../../src/core/translate/node-metadata.ts';
import { type Load, startLoad } from '../protection/load.ts';
import { Caller } from '../translate/caller.ts';
import { freePort, until } from '../translate/mesh.ts';
import { type StandIn, startStandIn } from '../translate/model-server.ts';
import { type RunningEnvoy, startEnvoy } from '../xds/envoy.ts';
import { Penstock } from './penstock.ts';

const HOST = 'fraud.default.svc.cluster.local';

let models: readonly [StandIn, StandIn];
let penstock: Penstock;
let port: number;
let envoy: RunningEnvoy;
let caller: Caller;
let load: Load;

const service = () => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${models[0].port}}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: ${models[1].port}}]}}
`;
const rollout = (steps: string, metrics: string) => `---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [${steps}]}
  retention: 1h
  analysis: {interval: 500ms, warmUp: 0s, metrics: [${metrics}]}
`;
const TO_30 = '{setWeight: 10}, {pause: {}}, {setWeight: 30}, {pause: {}}, {setWeight: 100}';
// These models tell no scores.
const BLIND = '{name: scores, type: ScoreShift, maxShift: 0.05}';

async function follow(): Promise<void> {
  const node = { kind: 'outbound', address: '127.0.0.1', port } as const;
  const options = { nodeId: 'client', xdsPort: penstock.xdsPort, protocol: 'delta' } as const;
  envoy = await startEnvoy({ ...options, metadata: nodeMetadata(node) });
  await until('the sidecar leads to the models', async () => {
    caller = new Caller(port);
    if ((await caller.call(HOST, {}, 500)).status === 0) return true;
    caller.close();
    return false;
  });
}

const weight = async () => (await penstock.rollout()).weight;
const phaseIs = (phase: string) => until(phase, async () => (await penstock.rollout()).phase === phase);
const lost = () => load.answers.filter(({ status }) => status !== 0).length;

/** The share of the next calls that the candidate answers, in percent. */
async function shareOfCandidate(): Promise<number> {
  const answered = await caller.calls(400, HOST, (index) => ({ 'x-user-id': `s${index}` }));
  return (100 * answered.filter(({ version }) => version === 'v2').length) / answered.length;
}

beforeAll(async () => {
  models = [await startStandIn('v1'), await startStandIn('v2')];
  port = await freePort();
  // Nothing listens there: Prometheus is lost from the beginning.
  const prometheus = `http://127.0.0.1:${await freePort()}`;
  penstock = await Penstock.start(service() + rollout(TO_30, ''), '--prometheus', prometheus);
  await follow();
  load = startLoad(caller, HOST, 20);
});
afterAll(async () => {
  await load?.stop();
  caller?.close();
  await envoy?.stop();
  await penstock?.stop();
  for (const model of models ?? []) await model.stop();
});

test('steps that are edited in mid-flight are gone on with, and no call is lost', async () => {
  await until('the first step', async () => (await weight()) === 1000);
  penstock.edit(service() + rollout(TO_30.replaceAll('10', '20'), ''));
  await penstock.run('promote', 'fraud-v2');
  await until('the next step', async () => (await weight()) === 3000);
  expect(lost()).toBe(0);
});

test('a gate that has no data holds, whoever waits', async () => {
  penstock.edit(service() + rollout('{setWeight: 30}, {setWeight: 100}', BLIND));
  await phaseIs('Holding');
  expect((await penstock.rollout()).message).toContain('connection refused');
  expect(await weight()).toBe(3000);
});

test('a crash changes no weight, neither while it is down nor after', async () => {
  const restarted = penstock.crash();
  expect(Math.abs((await shareOfCandidate()) - 30)).toBeLessThan(12);
  await restarted;
  await phaseIs('Holding');
  expect(await weight()).toBe(3000);
  expect(lost()).toBe(0);
});

test('a service that is deleted and comes back goes on where it was', async () => {
  const isGone = async () =>
    penstock.rollout().then(
      () => false,
      () => true,
    );
  penstock.edit(service().replace('name: fraud}', 'name: other}'));
  await until('the service is gone', isGone);
  penstock.edit(service() + rollout(TO_30, ''));
  await until('it is back', async () => !(await isGone()));
  expect(await weight()).toBe(3000);
  await until('calls are answered again', async () => (await caller.call(HOST)).status === 0);
  expect(Math.abs((await shareOfCandidate()) - 30)).toBeLessThan(12);
});

test('without any sidecar nothing counts, and with one again it goes on', async () => {
  await until('a step is in force', async () => (await penstock.rollout()).phase === 'Progressing');
  await load.stop();
  caller.close();
  await envoy.stop();
  await until('nobody is there', async () =>
    (await penstock.rollout()).message.includes('no sidecar is connected'),
  );
  expect(await weight()).toBe(3000);
  await follow();
  load = startLoad(caller, HOST, 20);
  await phaseIs('Progressing');
});

test('after the promotion one command takes everything back in one push', async () => {
  penstock.edit(service() + rollout('{setWeight: 40}, {setWeight: 100}', ''));
  await phaseIs('Baking');
  expect(await shareOfCandidate()).toBe(100);
  await penstock.crash();
  await phaseIs('Baking');
  const startedAt = performance.now();
  expect(await penstock.run('abort', 'fraud-v2')).toMatchObject({ code: 0 });
  await phaseIs('RolledBack');
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  expect(await shareOfCandidate()).toBe(0);
  const back = (await penstock.decisions()).filter(({ reason }) => reason === 'Aborted');
  expect(back.flatMap(({ resources }) => resources.map(({ type }) => type))).toContain('RDS');
  expect(lost()).toBe(0);
});
