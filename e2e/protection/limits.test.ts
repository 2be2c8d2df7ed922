import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Caller } from '../translate/caller.ts';
import { until } from '../translate/mesh.ts';
import { type StandIn, startStandIn } from '../translate/model-server.ts';
import { type Load, startLoad } from './load.ts';
import { queueing } from './queueing.ts';
import { World, type WorldSidecar } from './world.ts';

const HOST = 'any';
const LIMIT = 200;
const BURST = 20;
/** Calls a second that the model server with a queue can do. */
const CAPACITY = 50;

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

const BATCH = '{headers: [{name: x-kind, value: batch}]}';
const GLOBAL = `{name: licence, global: true, requestsPerSecond: ${LIMIT}, burst: ${BURST}}`;

beforeAll(async () => {
  models = await Promise.all([startStandIn('a'), startStandIn('b'), startStandIn('c')]);
  world = await World.start(specs(GLOBAL));
  sidecars = await Promise.all(
    models.slice(0, 2).map(({ port }) => world.inbound('default/fraud', 'v1', port, undefined, true)),
  );
});

afterAll(async () => {
  await world?.stop();
  await Promise.all((models ?? []).map((each) => each.stop()));
});

/** What a window of so long is judged by. */
const WINDOW_MS = 5_000;
/** A machine on which other work is done now and then does nothing for a second: what holds is waited for. */
const PATIENCE_MS = 90_000;

/** Answers with OK a second, in the window that ends now. */
function admittedPerSecond(loads: readonly Load[]): number {
  const fromMs = performance.now() - WINDOW_MS;
  const ok = loads.flatMap(({ answers }) => answers).filter(({ status, at }) => status === 0 && at >= fromMs);
  return (1000 * ok.length) / WINDOW_MS;
}

describe('a global limit', () => {
  it('is divided by demand, and all sidecars together admit what it says', async () => {
    const callers = sidecars.map(({ port }) => new Caller(port));
    const loads = callers.map((caller, index) => startLoad(caller, HOST, index === 0 ? 400 : 40));
    const from = performance.now();
    try {
      await until(
        'it is used, and a fifth is shared alike, the rest by demand: 20 + 160 · 40/440 for the idle one',
        () => {
          const ofIdle = admittedPerSecond(loads.slice(1));
          return admittedPerSecond(loads) >= 0.9 * LIMIT && ofIdle > 27 && ofIdle < 42;
        },
        PATIENCE_MS,
      );
      const seconds = (performance.now() - from) / 1000;
      const all = loads.flatMap(({ answers }) => answers).filter(({ status }) => status === 0).length;
      // All that was ever admitted, with what the buckets held, and what each changed share fills up.
      expect(all).toBeLessThanOrEqual(1.03 * LIMIT * seconds + 3 * BURST);
    } finally {
      await Promise.all(loads.map((load) => load.stop()));
      for (const caller of callers) caller.close();
    }
  });

  it('of some calls is divided by those, whatever else a sidecar has to do', async () => {
    world.edit(specs(`{name: batch, global: true, requestsPerSecond: 100, burst: 20, match: [${BATCH}]}`));
    const callers = sidecars.map(({ port }) => new Caller(port));
    const [busy, idle] = callers;
    if (busy === undefined || idle === undefined) throw new Error('no sidecars');
    const batch = { 'x-kind': 'batch' };
    const others = startLoad(busy, HOST, 250);
    const few = startLoad(busy, HOST, 20, 5000, undefined, batch);
    const many = startLoad(idle, HOST, 150, 5000, undefined, batch);
    try {
      await until(
        'the shares are by demand: 10 + 80 · 20/170, and 10 + 80 · 150/170',
        () => admittedPerSecond([many]) > 70 && admittedPerSecond([few]) > 15,
        PATIENCE_MS,
      );
      const refused = others.answers.filter(
        ({ status, at }) => status !== 0 && at > performance.now() - 1000,
      );
      expect(refused).toEqual([]);
    } finally {
      await Promise.all([others, few, many].map((load) => load.stop()));
      for (const caller of callers) caller.close();
      world.edit(specs(GLOBAL));
    }
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
    const plant = queueing(CAPACITY);
    model.behaviour = plant.behaviour;
    const caller = new Caller((await world.outbound()).port);
    const load = startLoad(caller, 'fraud.default.svc.cluster.local', 3 * CAPACITY, 20_000);
    try {
      await until('it is limited', async () => (await world.list('limits'))[0]?.requestsPerSecond !== null);
      let since = performance.now();
      // Without a limit the queue grows by a hundred a second.
      await until(
        'for a window the queue is short, and what the instance can do is done',
        () => {
          if (plant.waiting() > CAPACITY) since = performance.now();
          return performance.now() - since > WINDOW_MS && admittedPerSecond([load]) > 0.8 * CAPACITY;
        },
        PATIENCE_MS,
      );
    } finally {
      plant.stop();
      caller.close();
      await load.stop();
    }
  });
});
