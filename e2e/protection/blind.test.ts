import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool } from '../../src/app/toolchain.ts';
import { type PrometheusProcess, startPrometheus } from '../../src/signals/prometheus/prometheus-fixture.ts';
import { Caller } from '../translate/caller.ts';
import { until } from '../translate/mesh.ts';
import { answers, fails, type StandIn, startStandIn } from '../translate/model-server.ts';
import { type Alteration, type AlteringProxy, startAlteringProxy } from './altering-proxy.ts';
import { type Load, startLoad } from './load.ts';
import { World, type WorldSidecar } from './world.ts';

const HOST = 'fraud.default.svc.cluster.local';
const INTERNAL = 13;
/** Longer than three scrapes and than the window in which a breaker would open. */
const BLIND_MS = 8_000;
const SETTLE_MS = 4_000;

let models: readonly StandIn[];
let proxy: AlteringProxy;
let prometheus: PrometheusProcess;
let world: World;
let sidecars: readonly WorldSidecar[];
let callers: readonly Caller[];
let loads: readonly Load[];

const specs = ([a, b]: readonly StandIn[]) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${a?.port}}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: ${b?.port}}]}}
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
kind: TrafficPolicy
metadata: {name: fraud}
spec:
  targetRef: {name: fraud}
  breaker: {sleepWindow: 10m}
  balancing: {}
  rateLimits: [{name: protect, adaptive: {signal: Latency, target: 500ms}}]
`;

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function scraping(): Promise<PrometheusProcess> {
  return startPrometheus({
    executable: findTool('prometheus').path,
    targets: sidecars.map(({ adminAddress }) => adminAddress),
    metricsPath: '/stats/prometheus',
    scrapeInterval: '500ms',
  });
}

beforeAll(async () => {
  models = await Promise.all([startStandIn('v1'), startStandIn('v2')]);
  proxy = await startAlteringProxy('127.0.0.1:1');
  const flags = ['--interval', '500ms', '--load-report-interval', '0s', '--prometheus', proxy.url];
  world = await World.start(specs(models), ...flags);
  sidecars = await Promise.all([world.outbound(), world.outbound()]);
  prometheus = await scraping();
  proxy.target = prometheus.address;
  callers = sidecars.map(({ port }) => new Caller(port));
  loads = callers.map((caller) => startLoad(caller, HOST, 40));
  await until('the step is in force', async () => (await weights()).v2 === 3000);
  await until('failures are counted', async () => ((await world.list('breakers'))[0]?.requests ?? 0) > 100);
});

afterAll(async () => {
  await Promise.all((loads ?? []).map((load) => load.stop()));
  for (const caller of callers ?? []) caller.close();
  await world?.stop();
  await prometheus?.stop();
  await proxy?.stop();
  await Promise.all((models ?? []).map((model) => model.stop()));
});

async function weights(): Promise<Readonly<Record<string, number>>> {
  const versions = (await world.list('services'))[0]?.versions ?? [];
  return Object.fromEntries(versions.map(({ name, weight }) => [name, weight]));
}

/** All that sidecars are told by decisions, and how many decisions changed it so far. */
async function inForce() {
  const [service] = await world.list('services');
  const breakers = await world.list('breakers');
  const limits = await world.list('limits');
  const decisions = await world.list('decisions', '?limit=1000');
  return {
    weights: await weights(),
    endpoints: service?.versions.flatMap(({ endpoints }) => endpoints.map(({ weight }) => weight)),
    breakers: breakers.map(({ phase, admitted }) => [phase, admitted]),
    limits: limits.map(({ requestsPerSecond }) => requestsPerSecond),
    changes: decisions.filter(({ change }) => change !== undefined && change !== null).length,
  };
}

function all(status: number): void {
  for (const model of models) model.behaviour = status === 0 ? answers('well') : fails(status);
}

/** While Penstock sees nothing, every call fails; what is in force must stay. */
async function whileBlind(blind: () => unknown, seeing: () => unknown): Promise<void> {
  const before = await inForce();
  await blind();
  // What was read just before is still decided by.
  await pass(2_000);
  all(INTERNAL);
  await pass(BLIND_MS);
  expect(await inForce()).toEqual(before);
  all(0);
  await pass(2_000);
  await seeing();
  await pass(SETTLE_MS);
}

describe('what is in force while every call fails', () => {
  it.each<Alteration>(['gone', 'not a number', 'a minute old', 'a minute late'])(
    'stays while Prometheus’s answers are: %s',
    async (alteration) => {
      const seen = proxy.altered;
      await whileBlind(
        () => {
          proxy.alteration = alteration;
        },
        () => {
          proxy.alteration = 'none';
        },
      );
      expect(proxy.altered).toBeGreaterThan(seen);
    },
  );

  it('stays while Prometheus is killed, and one without memory takes its place', async () => {
    const before = await inForce();
    await whileBlind(
      () => prometheus.stop(),
      async () => {
        prometheus = await scraping();
        proxy.target = prometheus.address;
      },
    );
    expect(await inForce()).toEqual(before);
  });

  it('is not changed by a target that is lost while all is well', async () => {
    const before = await inForce();
    const [lost] = sidecars;
    await loads[0]?.stop();
    await lost?.stop();
    await pass(BLIND_MS);
    expect(await inForce()).toEqual(before);
  });

  it('changes as soon as it is seen', async () => {
    all(INTERNAL);
    await until('it opens', async () => (await world.list('breakers'))[0]?.phase === 'OPEN');
    expect((await inForce()).changes).toBeGreaterThan(0);
  });
});
