import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Caller } from '../translate/caller.ts';
import { until } from '../translate/mesh.ts';
import { fails, type StandIn, startStandIn } from '../translate/model-server.ts';
import { type Load, startLoad } from './load.ts';
import { World } from './world.ts';

const HOST = 'fraud.default.svc.cluster.local';
const INTERNAL = 13;

let model: StandIn;
let world: World;
let caller: Caller;
let load: Load;

beforeAll(async () => {
  model = await startStandIn('v1');
  const specs = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${model.port}}]}}]
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, breaker: {sleepWindow: 10m}}
`;
  world = await World.start(specs, '--interval', '500ms');
  caller = new Caller((await world.outbound()).port);
  load = startLoad(caller, HOST, 50);
});

afterAll(async () => {
  await load?.stop();
  caller?.close();
  await world?.stop();
  await model?.stop();
});

/** Who answers now: the model server (which fails), or the breaker. */
async function answeredBy(): Promise<string> {
  const answer = await caller.call(HOST);
  return answer.fallback === 'response' ? 'breaker' : answer.status === INTERNAL ? 'model' : 'nobody';
}

describe('the switches', () => {
  it('freeze holds a breaker that would open, and lets it go when it is off', async () => {
    await world.turn('freeze', true);
    model.behaviour = fails(INTERNAL);
    await until('failures are seen', async () => ((await world.list('breakers'))[0]?.failures ?? 0) > 100);
    expect(await answeredBy()).toBe('model');
    await world.turn('freeze', false);
    await until('it opens', async () => (await answeredBy()) === 'breaker');
  });

  it('baseline puts the static values in force, and gives back what was decided', async () => {
    await world.turn('baseline', true);
    await until('calls reach the model', async () => (await answeredBy()) === 'model');
    await world.turn('baseline', false);
    await until('the breaker is open again', async () => (await answeredBy()) === 'breaker');
  });
});
