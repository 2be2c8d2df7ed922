import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Running, startPenstock } from '../penstock-process.ts';
import { Caller } from '../translate/caller.ts';
import { until } from '../translate/mesh.ts';
import { fails, predicts, type StandIn, startStandIn } from '../translate/model-server.ts';
import { startLoad } from './load.ts';
import { World } from './world.ts';

const HOST = 'fraud.default.svc.cluster.local';
const INTERNAL = 13;
const UNAVAILABLE = 14;

let models: readonly StandIn[];
let cache: Running;
let world: World;
let callers: readonly Caller[];

const specs = (ports: readonly number[], ttl: string) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions: [{name: v1, endpoints: {static: [${ports.map((port) => `{address: 127.0.0.1, port: ${port}}`).join(', ')}]}}]
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, breaker: {sleepWindow: 5m, fallback: {cached: {ttl: ${ttl}}}}}
`;

beforeAll(async () => {
  models = await Promise.all([startStandIn('a'), startStandIn('b')]);
  for (const model of models) model.behaviour = predicts((input) => `score of ${input}`);
  const started = startPenstock(['fallback-cache', '--address', '127.0.0.1:0']);
  cache = started;
  let address = '';
  await until('the cache serves', () => {
    address = /"address":"([^"]+)"/.exec(started.stderr())?.[1] ?? '';
    return address !== '';
  });
  const ports = models.map(({ port }) => port);
  world = await World.start(specs(ports, '10m'), '--interval', '500ms', '--fallback-cache', address);
  callers = await Promise.all([world.outbound(), world.outbound()]).then((sidecars) =>
    sidecars.map(({ port }) => new Caller(port)),
  );
});

afterAll(async () => {
  for (const caller of callers ?? []) caller.close();
  await world?.stop();
  cache?.child.kill('SIGTERM');
  await cache?.ended;
  await Promise.all((models ?? []).map((model) => model.stop()));
});

const call = (input: string, caller = callers[0]) => {
  if (caller === undefined) throw new Error('no caller');
  return caller.call(HOST, {}, 5_000, input);
};

describe('a cached fallback', () => {
  it('says of healthy answers that they are the model’s', async () => {
    for (let user = 0; user < 20; user++) {
      const answer = await call(`user-${user}`);
      expect(answer).toMatchObject({ status: 0, text: `score of user-${user}`, fallback: undefined });
    }
    for (const model of models) model.behaviour = predicts((input) => `newer score of ${input}`);
    await call('user-7');
    await call('unary', callers[1]);
  });

  it('gives the last answer to the same input once everything fails, to callers of any sidecar', async () => {
    for (const model of models) model.behaviour = fails(INTERNAL);
    const [caller] = callers;
    if (caller === undefined) throw new Error('no caller');
    const load = startLoad(caller, HOST, 100);
    await until('it opens', async () => (await world.list('breakers'))[0]?.phase === 'OPEN');
    await until('a sidecar leads to the cache', async () => (await call('user-1')).fallback === 'cached');
    await load.stop();
    for (const each of callers) {
      for (let user = 0; user < 20; user++) {
        const which = user === 7 ? 'newer score' : 'score';
        const answer = await call(`user-${user}`, each);
        expect(answer).toMatchObject({ status: 0, text: `${which} of user-${user}`, fallback: 'cached' });
        expect(Number(answer.headers.age)).toBeLessThan(120);
      }
    }
  });

  it('says UNAVAILABLE to an input that it does not know', async () => {
    const answer = await call('somebody else');
    expect(answer).toMatchObject({ status: UNAVAILABLE, fallback: 'cached-miss' });
    expect(answer.message).toBe('default/fraud is not available, and no answer to this input is cached');
  });

  it('gives no answer that is older than the policy allows', async () => {
    const ports = models.map(({ port }) => port);
    world.edit(specs(ports, '1s'));
    await until('it is too old', async () => (await call('user-1')).fallback === 'cached-miss');
  });

  it('lets calls be answered while the cache is gone', async () => {
    cache.child.kill('SIGKILL');
    await cache.ended;
    const answer = await call('user-1');
    expect(answer.status).toBe(UNAVAILABLE);
    expect(answer.fallback).toBe('cached-unreachable');
    for (const model of models) model.behaviour = predicts((input) => `score of ${input}`);
    world.edit(
      specs(
        models.map(({ port }) => port),
        '10m',
      ).replace('sleepWindow: 5m', 'sleepWindow: 5m, shadow: true'),
    );
    await until('the model answers', async () => (await call('user-1')).fallback === undefined);
    for (let user = 0; user < 50; user++) expect(await call(`user-${user}`)).toMatchObject({ status: 0 });
  });
});
