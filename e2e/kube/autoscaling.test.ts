import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Child, startChild } from '../../src/demo/child.ts';
import { freePorts } from '../../src/demo/free-port.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { RELEASE } from '../../tools/kubernetes/chart.ts';
import { type Load, startLoad } from '../protection/load.ts';
import { World } from '../protection/world.ts';
import { Caller } from '../translate/caller.ts';
import { answers, fails, hangs, type StandIn, startStandIn } from '../translate/model-server.ts';
import { ApiServer } from './api-server.ts';
import { chartObjects, leadServiceHere } from './installation.ts';
import { kubernetesProgram } from './programs.ts';

const HOST = 'fraud.default.svc.cluster.local';
const RATE_OF_ONE = 20;
/** Seven replicas' worth. */
const RATE = 130;
const UNAVAILABLE = 14;

const specs = (ports: readonly number[]) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [${ports.map((port) => `{address: 127.0.0.1, port: ${port}}`).join(', ')}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec:
  targetRef: {name: fraud}
  breaker: {requestVolumeThreshold: 20, errorThresholdPercent: 50, window: 5s, sleepWindow: 5s}
  scaling: {requestsPerSecondPerReplica: ${RATE_OF_ONE}, minReplicas: 2, maxReplicas: 8}
`;

const DEPLOYMENT = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'fraud-v1', namespace: 'default' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'fraud' } },
    template: {
      metadata: { labels: { app: 'fraud' } },
      spec: { containers: [{ name: 'model', image: 'model' }] },
    },
  },
};

/** The behaviour of the example, two pods every 15 s up, with windows that a test can wait for. */
const AUTOSCALER = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'fraud-v1', namespace: 'default' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'fraud-v1' },
    minReplicas: 2,
    maxReplicas: 8,
    metrics: [
      {
        type: 'External',
        external: {
          metric: {
            name: 'demand_requests_per_second',
            selector: { matchLabels: { service: 'fraud', version: 'v1' } },
          },
          target: { type: 'AverageValue', averageValue: String(RATE_OF_ONE) },
        },
      },
    ],
    behavior: {
      scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 2, periodSeconds: 15 }] },
      scaleDown: {
        stabilizationWindowSeconds: 5,
        policies: [{ type: 'Percent', value: 50, periodSeconds: 15 }],
      },
    },
  },
};

let server: ApiServer;
let controllers: Child;
let world: World;
let models: readonly StandIn[] = [];
let caller: Caller;
let load: Load | undefined;

beforeAll(async () => {
  server = await ApiServer.start();
  await server.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ${RELEASE.namespace}}}`);
  const [port = 0] = await freePorts(1);
  for (const object of chartObjects()) {
    if (object.kind === 'Service') await leadServiceHere(server, object, port);
    else if (object.kind !== 'Deployment') await server.apply(JSON.stringify(object));
  }
  models = await Promise.all(['a', 'b', 'c'].map((name) => startStandIn(name)));
  world = await World.start(
    specs(models.map((each) => each.port)),
    ...[
      ...['--kubeconfig', server.kubeconfig, '--own-namespace', RELEASE.namespace],
      ...['--extension-address', `0.0.0.0:${port}`, '--extension-refresh', '300ms'],
    ],
  );
  caller = new Caller((await world.outbound()).port);
  await server.apply(JSON.stringify(DEPLOYMENT));
  await server.apply(JSON.stringify(AUTOSCALER));
  controllers = startChild({
    name: 'kube-controller-manager',
    command: kubernetesProgram('kube-controller-manager'),
    args: [
      ...['--kubeconfig', server.kubeconfig, '--leader-elect=false', '--secure-port=0'],
      '--controllers=deployment-controller,replicaset-controller,horizontal-pod-autoscaler-controller',
      '--horizontal-pod-autoscaler-sync-period=1s',
    ],
    logFile: join(server.folder, 'controllers.log'),
  });
});

afterAll(async () => {
  await load?.stop();
  await controllers?.stop();
  caller?.close();
  await world?.stop();
  await Promise.all(models.map((each) => each.stop()));
  await server?.stop();
});

/** Pods of the Deployment: no node runs them here, and an autoscaler of this kind does not ask whether one does. */
async function pods(): Promise<number> {
  const { stdout } = await server.kubectl(['get', 'pods', '-l', 'app=fraud', '-o', 'name']);
  return stdout.split('\n').filter((line) => line !== '').length;
}

async function untilPods(count: number): Promise<number> {
  const from = performance.now();
  const seen: number[] = [];
  await waitUntil(
    `there are ${count} pods`,
    async () => {
      const now = await pods();
      if (seen.at(-1) !== now) seen.push(now);
      if (now === count) return true;
      throw new Error(`there were ${seen.join(', ')}`);
    },
    { timeoutMs: 120_000, everyMs: 500 },
  );
  return (performance.now() - from) / 1000;
}

describe('a real HorizontalPodAutoscaler', () => {
  it('begins with the least', async () => {
    await untilPods(2);
  });

  it('adds pods as clients offer more, two in 15 s, within 90 s', async () => {
    load = startLoad(caller, HOST, RATE);
    const seconds = await untilPods(7);
    expect(seconds).toBeLessThan(90);
  });

  it('takes none away for a sick one that gets fewer calls', async () => {
    const [sick] = models;
    if (sick === undefined) throw new Error('no model');
    sick.behaviour = hangs;
    await expect(untilFewer()).rejects.toThrow('fewer pods: not within');
    const sent = (await endpointRates())[0] ?? 0;
    expect(sent).toBeLessThan(0.5 * (RATE / 3));
    sick.behaviour = answers('a');
  });

  it('takes none away while an open breaker refuses the calls', async () => {
    for (const each of models) each.behaviour = fails(UNAVAILABLE);
    await waitUntil('the breaker opens', async () => (await breakerPhase()) === 'OPEN');
    await expect(untilFewer()).rejects.toThrow('fewer pods: not within');
    for (const each of models) each.behaviour = answers('well');
    await waitUntil('the breaker closes', async () => (await breakerPhase()) === 'CLOSED', {
      timeoutMs: 90_000,
    });
  });

  it('takes none away while everything is frozen', async () => {
    await world.turn('freeze', true);
    await load?.stop();
    load = startLoad(caller, HOST, 30);
    await expect(untilFewer()).rejects.toThrow('fewer pods: not within');
    await world.turn('freeze', false);
  });

  it('takes pods away as clients offer less', async () => {
    await untilPods(2);
  });
});

/** Requests a second to each instance of the version, as their callers' sidecar counts them. */
async function endpointRates(): Promise<readonly number[]> {
  const [fraud] = await world.list('services');
  return fraud?.versions[0]?.endpoints.map((each) => each.requestsPerSecond ?? 0) ?? [];
}

async function breakerPhase(): Promise<string | undefined> {
  return (await world.list('breakers')).find(({ service }) => service === 'fraud')?.phase;
}

function untilFewer(): Promise<unknown> {
  return waitUntil('fewer pods', async () => (await pods()) < 7, { timeoutMs: 25_000, everyMs: 500 });
}
