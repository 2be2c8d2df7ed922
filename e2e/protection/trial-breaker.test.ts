import { afterAll, beforeAll, expect, it } from 'vitest';
import { Caller } from '../translate/caller.ts';
import { until } from '../translate/mesh.ts';
import { fails, type StandIn, startStandIn } from '../translate/model-server.ts';
import { type Load, startLoad } from './load.ts';
import { World } from './world.ts';

const HOST = 'fraud.default.svc.cluster.local';
const INTERNAL = 13;

let models: readonly StandIn[];
let world: World;
let caller: Caller;
let load: Load;

beforeAll(async () => {
  models = await Promise.all([startStandIn('v1'), startStandIn('v2')]);
  const [v1, v2] = models;
  const specs = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${v1?.port}}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: ${v2?.port}}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 30}, {pause: {}}]}
  analysis: {warmUp: 0s, metrics: [{name: errors, type: ErrorRate, dryRun: true}]}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, breaker: {shadow: true}}
`;
  world = await World.start(specs, '--interval', '500ms');
  caller = new Caller((await world.outbound()).port);
  load = startLoad(caller, HOST, 100);
});

afterAll(async () => {
  await load?.stop();
  caller?.close();
  await world?.stop();
  await Promise.all((models ?? []).map((model) => model.stop()));
});

it('the breaker of a candidate on trial shows beside that of its service, and as a metric', async () => {
  const breakers = async () => (await world.list('breakers')).map(({ version, phase }) => [version, phase]);
  await until('both are there', async () => (await breakers()).length === 2);
  expect(await breakers()).toEqual([
    [undefined, 'CLOSED'],
    ['v2', 'CLOSED'],
  ]);
  const [, v2] = models;
  if (v2 !== undefined) v2.behaviour = fails(INTERNAL);
  await until('the candidate’s would open', async () => (await breakers())[1]?.[1] === 'OPEN');
  expect((await breakers())[0]).toEqual([undefined, 'CLOSED']);
  const text = await world.metrics();
  expect(text).toContain('penstock_breaker_state{service="default/fraud",state="OPEN",version="v2"} 1');
  expect(text).toContain('penstock_breaker_state{service="default/fraud",state="CLOSED"} 1');
});
