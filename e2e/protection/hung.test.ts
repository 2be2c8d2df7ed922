import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Caller } from '../translate/caller.ts';
import { until } from '../translate/mesh.ts';
import { answers, hangs, type StandIn, startStandIn } from '../translate/model-server.ts';
import { startLoad } from './load.ts';
import { World } from './world.ts';

/** Long enough for an answer on a machine that has other work. */
const PATIENCE_MS = 1000;

let v1: StandIn;
let v2: StandIn;
let lite: StandIn;
let world: World;
let caller: Caller;

const specs = (port: (which: StandIn) => number) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${port(v1)}}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: ${port(v2)}}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 30}, {pause: {}}]}
  analysis: {interval: 500ms, warmUp: 0s, metrics: [{name: errors, type: ErrorRate}]}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: lone}
spec:
  port: 9000
  versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${port(lite)}}]}}]
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: lone}
spec:
  targetRef: {name: lone}
  breaker: {sleepWindow: 2s, recovery: {steps: [50, 100]}, fallback: {response: {message: come back later}}}
`;

beforeAll(async () => {
  [v1, v2, lite] = await Promise.all([startStandIn('v1'), startStandIn('v2'), startStandIn('lite')]);
  world = await World.start(
    specs(({ port }) => port),
    '--interval',
    '500ms',
  );
  caller = new Caller((await world.outbound()).port);
});

afterAll(async () => {
  caller?.close();
  await world?.stop();
  await Promise.all([v1?.stop(), v2?.stop(), lite?.stop()]);
});

describe('a version that never answers', () => {
  it('is rolled back, though no counter has a failure of it', async () => {
    v2.behaviour = hangs;
    const load = startLoad(caller, 'fraud.default.svc.cluster.local', 100, PATIENCE_MS);
    await until('it is rolled back', async () => {
      const [rollout] = await world.list('rollouts');
      return rollout?.phase === 'RolledBack' || rollout?.phase === 'RollingBack';
    });
    await load.stop();
    const decisions = await world.list('decisions');
    const why = decisions.find(({ reason }) => reason === 'GateBreached');
    expect(why?.message).toMatch(/candidate \d+ of \d+ never answered/);
  });
});

describe('a service that never answers', () => {
  it('has its breaker opened, and closed when it answers again', async () => {
    const load = startLoad(caller, 'lone.default.svc.cluster.local', 100, PATIENCE_MS);
    const phase = async () => (await world.list('breakers'))[0]?.phase;
    lite.behaviour = hangs;
    await until('it opens', async () => (await phase()) === 'OPEN');
    lite.behaviour = answers('lite');
    await until('it closes', async () => (await phase()) === 'CLOSED');
    await load.stop();
    const reasons = (await world.list('decisions')).map(({ reason }) => reason);
    expect(reasons).toContain('Hung');
    expect(reasons).toContain('Recovered');
    expect(load.answers.some(({ fallback }) => fallback === 'response')).toBe(true);
  });

  it('stays closed while two callers of three press stop', async () => {
    lite.behaviour = (stream, headers) => {
      const index = Number(String(headers['x-user-id']).slice(1));
      if (index % 3 > 0) hangs(stream, headers);
      else answers('lite')(stream, headers);
    };
    const load = startLoad(caller, 'lone.default.svc.cluster.local', 50, PATIENCE_MS);
    await until('enough calls are over', () => load.answers.length > 300);
    expect((await world.list('breakers'))[0]?.phase).toBe('CLOSED');
    lite.behaviour = answers('lite');
    await load.stop();
  });
});
