import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Caller } from '../translate/caller.ts';
import { until } from '../translate/mesh.ts';
import { type StandIn, startStandIn } from '../translate/model-server.ts';
import { type Load, startLoad } from './load.ts';
import { queueing } from './queueing.ts';
import { World, type WorldSidecar } from './world.ts';

const HOST = 'any';
const LIMIT = 200;

let models: readonly StandIn[];
let sidecars: readonly WorldSidecar[];
let world: World;

const specs = (policy: string, port = 1) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${port}}]}}]
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec:
  targetRef: {name: fraud}
  rateLimits: [${policy}]
`;

const GLOBAL = `{name: licence, global: true, requestsPerSecond: ${LIMIT}, burst: 20}`;

beforeAll(async () => {
  models = await Promise.all([startStandIn('a'), startStandIn('b'), startStandIn('c')]);
  world = await World.start(specs(GLOBAL));
  sidecars = await Promise.all(
    models.slice(0, 2).map(({ port }) => world.inbound('default/fraud', 'v1', port)),
  );
});

afterAll(async () => {
  await world?.stop();
  await Promise.all((models ?? []).map((each) => each.stop()));
});

/** Answers with OK a second, from `fromMs` on. */
function admittedPerSecond(loads: readonly Load[], fromMs: number): number {
  const seconds = (performance.now() - fromMs) / 1000;
  const ok = loads.flatMap(({ answers }) => answers).filter(({ status, at }) => status === 0 && at >= fromMs);
  return ok.length / seconds;
}

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a global limit', () => {
  it('is divided by demand, and all sidecars together admit what it says', async () => {
    const [busy, idle] = sidecars.map(({ port }) => new Caller(port));
    if (busy === undefined || idle === undefined) throw new Error('no sidecars');
    const loads = [startLoad(busy, HOST, 400), startLoad(idle, HOST, 40)];
    // Demand is smoothed over seconds, and nothing but time passes until it is known.
    await pass(12_000);
    const from = performance.now();
    await pass(8_000);
    const rate = admittedPerSecond(loads, from);
    const ofIdle = admittedPerSecond(loads.slice(1), from);
    await Promise.all(loads.map((load) => load.stop()));
    busy.close();
    idle.close();
    expect(rate).toBeLessThanOrEqual(LIMIT * 1.03);
    expect(rate).toBeGreaterThanOrEqual(LIMIT * 0.9);
    // A fifth is shared alike, the rest by demand: 20 + 160 · 40/440.
    expect(ofIdle).toBeGreaterThan(27);
    expect(ofIdle).toBeLessThan(42);
  });

  it('gives a new sidecar its share out of what the others gave up', async () => {
    const third = await world.inbound('default/fraud', 'v1', models[2]?.port ?? 0);
    const caller = new Caller(third.port);
    await until('calls are admitted', async () => {
      const answers = await caller.calls(10, HOST);
      return answers.filter(({ status }) => status === 0).length >= 3;
    });
    await third.stop();
    caller.close();
  });
});

describe('an adaptive limit', () => {
  it('holds the queue of an instance that is offered three times what it can do', async () => {
    const [model] = models;
    const [sidecar] = sidecars;
    if (model === undefined || sidecar === undefined) throw new Error('no sidecar');
    const adaptive = '{name: protect, adaptive: {signal: Queue, target: 5, minRequestsPerSecond: 5}}';
    world.edit(specs(adaptive, sidecar.port));
    const plant = queueing(50);
    model.behaviour = plant.behaviour;
    const caller = new Caller((await world.outbound()).port);
    const load = startLoad(caller, 'fraud.default.svc.cluster.local', 150, 20_000);
    await until('it is limited', async () => (await world.list('limits'))[0]?.requestsPerSecond !== null);
    await until('the queue is held', () => load.answers.length > 3000 && plant.waiting() < 15, 60_000);
    const from = performance.now();
    await pass(5_000);
    const rate = admittedPerSecond([load], from);
    expect(plant.waiting()).toBeLessThan(25);
    expect(rate).toBeGreaterThan(45);
    plant.stop();
    caller.close();
    await load.stop();
  });
});
