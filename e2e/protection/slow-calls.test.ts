import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Caller } from '../translate/caller.ts';
import { until } from '../translate/mesh.ts';
import { answers, type StandIn, startStandIn } from '../translate/model-server.ts';
import { type Load, startLoad } from './load.ts';
import { World } from './world.ts';

const HOST = 'fraud.default.svc.cluster.local';
const BIG = '/test.Model/Big';
/** A call longer than this is slow: far longer than a quick one takes on a busy machine, and shorter than a slow one. */
const SLOW_MS = 1000;
const TAKES_MS = 1600;
const DEADLINE_MS = 20_000;

let model: StandIn;
let world: World;
let caller: Caller;
let big: Load;
let small: Load;

const specs = () => `
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
spec:
  targetRef: {name: fraud}
  breaker:
    slowCall: {duration: ${SLOW_MS}ms}
    sleepWindow: 2s
    recovery: {steps: [50, 100]}
    bypass: [{path: ${BIG}}]
`;

/** Succeeds, after this long. */
function takes(ms: number): void {
  const at = answers('v1');
  model.behaviour = (stream, headers) => {
    const own = headers[':path'] === BIG ? TAKES_MS : ms;
    if (own === 0) at(stream, headers);
    else setTimeout(() => stream.destroyed || at(stream, headers), own);
  };
}

const breaker = async () => (await world.list('breakers'))[0];

beforeAll(async () => {
  model = await startStandIn('v1');
  takes(0);
  world = await World.start(specs(), '--interval', '500ms');
  caller = new Caller((await world.outbound(true)).port);
  big = startLoad(caller, HOST, 40, DEADLINE_MS, undefined, { ':path': BIG });
  small = startLoad(caller, HOST, 20, DEADLINE_MS);
});

afterAll(async () => {
  await Promise.all([big?.stop(), small?.stop()]);
  caller?.close();
  await world?.stop();
  await model?.stop();
});

describe('slow calls', () => {
  it('that are big and legitimate open nothing where they bypass the breaker', async () => {
    // Two of three calls are slow.
    await until('many are over', () => big.answers.length > 200 && small.answers.length > 100);
    const { phase, requests = 0 } = (await breaker()) ?? {};
    expect(phase).toBe('CLOSED');
    // It knows of the small ones, and of no others.
    expect(requests).toBeGreaterThan(20);
    expect(requests).toBeLessThan(0.6 * (10 * 40 + 10 * 20));
    expect((await world.list('decisions')).filter(({ subject }) => subject.startsWith('Breaker/'))).toEqual(
      [],
    );
  });

  it('of a service that does not fail open its breaker', async () => {
    takes(TAKES_MS);
    await until('it opens', async () => (await breaker())?.phase === 'OPEN');
    const [why] = (await world.list('decisions')).filter(({ reason }) => reason === 'SlowCalls');
    expect(why?.message).toMatch(/^\d+ of \d+ were slower than 1000 ms/);
    await until('callers get the fallback', () => small.answers.at(-1)?.fallback === 'response');
    expect((await caller.call(HOST, { ':path': BIG })).fallback).toBeUndefined();
  });

  it('that are quick again close it', async () => {
    takes(0);
    await until('it closes', async () => (await breaker())?.phase === 'CLOSED', 60_000);
    expect([...big.answers].filter(({ status }) => status !== 0)).toEqual([]);
  });
});
