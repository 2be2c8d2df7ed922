import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeMetadata } from '../../src/core/translate/node-metadata.ts';
import { type Child, startChild } from '../../src/demo/child.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import type { Serve } from '../penstock-process.ts';
import { type Load, startLoad } from '../protection/load.ts';
import { Caller } from '../translate/caller.ts';
import { freePort } from '../translate/mesh.ts';
import { answers, fails, type StandIn, startStandIn } from '../translate/model-server.ts';
import { type RunningEnvoy, startEnvoy } from '../xds/envoy.ts';
import type { ApiServer } from './api-server.ts';
import {
  fieldOf,
  modelRollout,
  modelService,
  startCluster,
  startReplica,
  untilField,
  yaml,
} from './cluster.ts';
import { kubernetesProgram } from './programs.ts';
import { StandInKubelet } from './stand-in-kubelet.ts';

const HOST = 'fraud.default.svc.cluster.local';
const UNAVAILABLE = 14;

let server: ApiServer;
let controllers: Child;
let kubelet: StandInKubelet;
let replica: Serve;
let envoy: RunningEnvoy;
let caller: Caller;
let load: Load;
let models: Readonly<Record<'v1' | 'v2', StandIn>>;

function deployment(name: string, version: string, port: number, replicas?: number): object {
  const labels = { app: name, version };
  const containers = [{ name: 'model', image: 'model', ports: [{ name: 'grpc', containerPort: port }] }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `${name}-${version}` },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  };
}

function fraud(defaultVersion: string): object {
  const versions = ['v1', 'v2'].map((version) => ({
    name: version,
    endpoints: { kubernetes: { selector: { app: 'fraud', version }, port: 'grpc' } },
    scaleTargetRef: { name: `fraud-${version}` },
  }));
  return modelService('fraud', { versions, defaultVersion });
}

function rollout(name: string, steps: readonly number[], spec: object = {}): object {
  const errors = { name: 'errors', type: 'ErrorRate', thresholdRange: { max: 0.2 } };
  return modelRollout(name, 'fraud', {
    strategy: { steps: steps.map((setWeight) => ({ setWeight })) },
    analysis: { interval: '250ms', warmUp: '0s', metrics: [errors] },
    retention: '2s',
    ...spec,
  });
}

const replicasOf = (name: string) => fieldOf(server, `deployment/${name}`, '.spec.replicas');
const untilReplicas = (name: string, count: number) =>
  untilField(server, `deployment/${name}`, '.spec.replicas', String(count), 60_000);
const lost = () => load.answers.filter(({ status }) => status !== 0).length;

beforeAll(async () => {
  server = await startCluster();
  models = { v1: await startStandIn('v1', '0.0.0.0'), v2: await startStandIn('v2', '0.0.0.0') };
  controllers = startChild({
    name: 'kube-controller-manager',
    command: kubernetesProgram('kube-controller-manager'),
    args: [
      ...['--kubeconfig', server.kubeconfig, '--leader-elect=false', '--secure-port=0'],
      '--controllers=deployment-controller,replicaset-controller',
    ],
    logFile: join(server.folder, 'controllers.log'),
  });
  kubelet = new StandInKubelet(server.kubeconfig);
  await server.apply(
    yaml(
      fraud('v1'),
      deployment('fraud', 'v1', models.v1.port, 2),
      deployment('fraud', 'v2', models.v2.port, 0),
      deployment('other', 'v1', 9000, 1),
    ),
  );
  replica = await startReplica(server);
  const port = await freePort();
  const metadata = nodeMetadata({ kind: 'outbound', address: '127.0.0.1', port });
  envoy = await startEnvoy({ nodeId: 'client', xdsPort: replica.xdsPort, protocol: 'delta', metadata });
  caller = await waitUntil(
    'the sidecar leads to the pods',
    async () => {
      const tried = new Caller(port);
      if ((await tried.call(HOST, {}, 500)).status === 0) return tried;
      tried.close();
      return undefined;
    },
    { timeoutMs: 60_000 },
  );
  load = startLoad(caller, HOST, 40);
});
afterAll(async () => {
  await load?.stop();
  caller?.close();
  await envoy?.stop();
  await replica?.stop();
  await kubelet?.close();
  await controllers?.stop();
  await Promise.all(Object.values(models ?? {}).map((model) => model.stop()));
  await server?.stop();
});

describe('a rollout of versions that name their Deployments', () => {
  it('starts the candidate, and waits until it is ready', async () => {
    kubelet.hold('v2');
    await server.apply(yaml(rollout('fraud-v2', [50, 100])));
    await untilReplicas('fraud-v2', 1);
    await untilField(server, 'mro/fraud-v2', '.status.message', /^0 of 1 replicas of Deployment fraud-v2/);
    expect(await fieldOf(server, 'mro/fraud-v2', '.status.phase')).toBe('Pending');
    expect(await fieldOf(server, 'mro/fraud-v2', '.status.weight')).toBe('0%');
    const promoted = await replica.command('promote', 'fraud-v2');
    expect(await fieldOf(server, 'mro/fraud-v2', '.status.weight')).toBe('0%');
    expect(promoted.code).toBe(0);
  });

  it('gives it traffic as its replicas come, and keeps the old version while it is the default', async () => {
    kubelet.release('v2');
    await untilReplicas('fraud-v2', 2);
    await untilField(server, 'mro/fraud-v2', '.status.phase', 'Completed', 60_000);
    expect(await replicasOf('fraud-v1')).toBe('2');
    expect(lost()).toBe(0);
  });

  it('lets the old version go when nothing leads to it any more, and leaves it alone from then on', async () => {
    await server.apply(yaml(fraud('v2')));
    await untilReplicas('fraud-v1', 0);
    await server.kubectl(['scale', 'deployment', 'fraud-v1', '--replicas=1']);
    await waitUntil(
      'the old version has a pod',
      async () => (await fieldOf(server, 'deployment/fraud-v1', '.status.readyReplicas')) === '1',
    );
    expect(lost()).toBe(0);
    await server.kubectl(['scale', 'deployment', 'fraud-v1', '--replicas=0']);
  });

  it('owns one field of the Deployment, which what applies from Git leaves alone', async () => {
    const path = '.metadata.managedFields[?(@.manager=="penstock-scaling")]';
    expect(JSON.parse(await fieldOf(server, 'deployment/fraud-v2', `${path}.fieldsV1`))).toEqual({
      'f:spec': { 'f:replicas': {} },
    });
    const git = [...['apply', '--server-side', '--field-manager=argocd-controller'], '-f', '-'];
    const stdin = yaml(deployment('fraud', 'v2', models.v2.port));
    // What the first apply of this test set is Git's now.
    expect(await server.kubectl([...git, '--force-conflicts'], { stdin })).toMatchObject({ code: 0 });
    expect(await server.kubectl(git, { stdin })).toMatchObject({ code: 0 });
    expect(await replicasOf('fraud-v2')).toBe('2');
  });

  it('takes the candidate down again that was rolled back', async () => {
    await server.kubectl(['delete', 'mro', 'fraud-v2']);
    models.v1.behaviour = fails(UNAVAILABLE);
    const back = { stable: 'v2', candidate: 'v1', scaling: { scaleDownDelay: '1s' } };
    await server.apply(yaml(rollout('fraud-v1', [50, 100], back)));
    await untilReplicas('fraud-v1', 1);
    await untilField(server, 'mro/fraud-v1', '.status.phase', 'RolledBack', 60_000);
    await untilReplicas('fraud-v1', 0);
    await server.kubectl(['delete', 'mro', 'fraud-v1']);
    models.v1.behaviour = answers('v1');
  });

  it('never has more pods than the surge allows', async () => {
    await server.kubectl(['scale', 'deployment', 'fraud-v2', '--replicas=4']);
    await waitUntil(
      'there are four',
      async () => (await fieldOf(server, 'deployment/fraud-v2', '.status.readyReplicas')) === '4',
      { timeoutMs: 30_000 },
    );
    await waitUntil(
      'the old ones are gone',
      async () => (await fieldOf(server, 'deployment/fraud-v1', '.status.replicas')) === '',
    );
    const others = 1;
    kubelet.most = 0;
    const before = lost();
    const surging = { stable: 'v2', candidate: 'v1', scaling: { maxSurge: 2 }, retention: '0s' };
    await server.apply(yaml(rollout('surging', [25, 50, 75, 100], surging)));
    await untilField(server, 'mro/surging', '.status.phase', 'Completed', 120_000);
    expect(await replicasOf('fraud-v1')).toBe('4');
    expect(kubelet.most - others).toBeLessThanOrEqual(6);
    expect(kubelet.most - others).toBeGreaterThan(4);
    expect(lost()).toBe(before);
  });

  it('touches nothing that no version names', async () => {
    expect(await fieldOf(server, 'deployment/other-v1', '.metadata.generation')).toBe('1');
    expect(await fieldOf(server, 'deployment/other-v1', '.metadata.managedFields[*].manager')).not.toContain(
      'penstock',
    );
  });
});
