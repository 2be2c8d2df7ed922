import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceIr } from '../../src/core/ir/ir.ts';
import { type ServiceSketch, serviceIr, type VersionSketch } from '../../src/core/translate/ir-fixture.ts';
import { type Answer, Caller } from './caller.ts';
import { freePort, Mesh, until } from './mesh.ts';
import { answers, fails, hangs, type StandIn, startStandIn } from './model-server.ts';

const HOST = 'fraud.default.svc.cluster.local';

let mesh: Mesh;
let caller: Caller;
let pods: readonly StandIn[];

beforeAll(async () => {
  mesh = await Mesh.start();
  pods = await Promise.all(Array.from({ length: 4 }, (_, index) => startStandIn(`pod-${index}`)));
  await mesh.apply(fraud([{}, {}]));
  const sidecar = await mesh.sidecar({ kind: 'outbound', address: '127.0.0.1', port: await freePort() });
  caller = new Caller(sidecar.port);
});

beforeEach(() => {
  pods.forEach((pod, index) => {
    pod.behaviour = answers(`pod-${index}`);
    pod.calls = 0;
  });
});

afterAll(async () => {
  caller?.close();
  await mesh?.stop();
  await Promise.all((pods ?? []).map((pod) => pod.stop()));
});

type EndpointSketch = Omit<NonNullable<VersionSketch['endpoints']>[number], 'port'>;

/** A service with a pod for each sketch. */
function fraud(
  endpoints: readonly EndpointSketch[],
  routing: ServiceSketch['routing'] = {},
  version: Partial<VersionSketch> = {},
): ServiceIr {
  const given = endpoints.map((sketch, index) => ({ port: pods[index]?.port ?? 0, ...sketch }));
  return serviceIr({
    versions: [{ name: 'v1', endpoints: given, ...version }],
    routing: { requestTimeoutMs: 5000, ...routing },
  });
}

/** The share of the answers that a pod gave. */
function shareOf(pod: number, given: readonly Answer[]): number {
  return given.filter(({ text }) => text === `pod-${pod}`).length / given.length;
}

describe('a call', () => {
  it('that hangs is overtaken by another try where hedging is asked for', async () => {
    const [hung] = pods;
    if (hung !== undefined) hung.behaviour = hangs;
    await mesh.apply(
      fraud([{}, {}], { retries: { attempts: 1, hedgeAfterMs: 100 } }, { retryBudgetPercent: 100 }),
    );
    const from = performance.now();
    const seen = await caller.calls(50, HOST);
    expect(seen.filter(({ status: code }) => code === status.OK)).toHaveLength(50);
    expect(hung?.calls).toBeGreaterThan(0);
    // Two rounds of twenty-five at a time, each far below the bound of 5 s.
    expect(performance.now() - from).toBeLessThan(3000);
  });

  it('that fails is tried again within the budget, not as often as it may', async () => {
    const late = fails(status.UNAVAILABLE);
    for (const pod of pods)
      pod.behaviour = (stream, headers) => void setTimeout(() => late(stream, headers), 50);
    const tries = async (retryBudgetPercent: number) => {
      await mesh.apply(fraud([{}, {}], { retries: { attempts: 3 } }, { retryBudgetPercent }));
      for (const pod of pods) pod.calls = 0;
      const given = await Promise.all(Array.from({ length: 200 }, () => caller.call(HOST)));
      expect(given.every(({ status: code }) => code === status.UNAVAILABLE)).toBe(true);
      return pods.reduce((sum, { calls }) => sum + calls, 0) / given.length;
    };
    const bounded = await tries(20);
    expect(bounded).toBeGreaterThan(1);
    expect(bounded).toBeLessThan(2.2);
    expect(await tries(100)).toBeGreaterThan(bounded + 0.7);
  });
});

describe('a pool', () => {
  it('hands on to the next tier what half of the first cannot take, and no more', async () => {
    const outlierDetection = {
      consecutiveErrors: 3,
      intervalMs: 1000,
      ejectionTimeMs: 60_000,
      maxEjectionPercent: 50,
      failureRate: undefined,
    };
    const [, sick] = pods;
    const tiers = [{ zone: 'private' }, { zone: 'private' }, { zone: 'public', priority: 1 }];
    await mesh.apply(fraud(tiers, {}, { outlierDetection }));
    expect(shareOf(2, await caller.calls(200, HOST))).toBe(0);
    if (sick !== undefined) sick.behaviour = fails(status.INTERNAL);
    await until('the sick one is out', async () => shareOf(2, await caller.calls(100, HOST)) > 0);
    const seen = await caller.calls(600, HOST);
    // Envoy takes a tier for full as long as 1.4 × its healthy part covers it: 70 to 30.
    expect(shareOf(2, seen)).toBeGreaterThan(0.22);
    expect(shareOf(2, seen)).toBeLessThan(0.38);
  });

  it('gives a degraded pod less, and not nothing', async () => {
    await mesh.apply(fraud([{}, { health: 'degraded' }]));
    await until('both answer', async () => shareOf(1, await caller.calls(100, HOST)) > 0);
    const seen = await caller.calls(600, HOST);
    expect(shareOf(1, seen)).toBeGreaterThan(0.22);
    expect(shareOf(1, seen)).toBeLessThan(0.38);
  });

  it('gives a new pod its share bit by bit', async () => {
    const balancing = { slowStartMs: 5000 };
    await mesh.apply(fraud([{}, {}], {}, { balancing }));
    await until(
      'the first are warm',
      async () => Math.abs(shareOf(0, await caller.calls(200, HOST)) - 0.5) < 0.1,
    );
    // A changed cluster warms up all of its pods.
    await new Promise((resolve) => setTimeout(resolve, balancing.slowStartMs));
    await mesh.apply(fraud([{}, {}, {}], {}, { balancing }));
    expect(shareOf(2, await caller.calls(200, HOST))).toBeLessThan(0.2);
    await until('it has its share', async () => shareOf(2, await caller.calls(300, HOST)) > 0.27);
  });
});
