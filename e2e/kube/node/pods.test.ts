import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RolloutStatus, ServiceStatus } from '../../../src/core/status/status.ts';
import { nodeMetadata } from '../../../src/core/translate/node-metadata.ts';
import { waitUntil } from '../../../src/demo/wait-until.ts';
import { Serve } from '../../penstock-process.ts';
import { type Load, startLoad } from '../../protection/load.ts';
import { Caller } from '../../translate/caller.ts';
import { freePort } from '../../translate/mesh.ts';
import { type RunningEnvoy, startEnvoy } from '../../xds/envoy.ts';
import { modelRollout, modelService, yaml } from '../cluster.ts';
import { kubernetesProgram } from '../programs.ts';

// Runs in the network of a cluster of one node: `make e2e-kube-node`.
const KUBECONFIG = process.env.PENSTOCK_E2E_KUBECONFIG ?? '';
const CRDS = join(import.meta.dirname, '../../../manifests/crds');
const HOST = 'fraud.default.svc.cluster.local';
const SOON = { timeoutMs: 60_000, everyMs: 100 };

function kubectl(args: readonly string[], stdin = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const all = ['--kubeconfig', KUBECONFIG, ...args];
    const child = execFile(
      kubernetesProgram('kubectl'),
      all,
      { timeout: 120_000 },
      (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(stderr || error.message)),
    );
    child.stdin?.end(stdin);
  });
}

/** Pods of a version of the model. */
function deployment(version: string, replicas: number): object {
  const labels = { app: 'fraud', version };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `fraud-${version}` },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 5,
          containers: [
            {
              name: 'model',
              image: 'docker.io/penstock/node:1',
              imagePullPolicy: 'Never',
              args: ['/app/stand-in.mjs'],
              env: [{ name: 'VERSION', value: version }],
              ports: [{ name: 'grpc', containerPort: 9000 }],
              readinessProbe: { tcpSocket: { port: 9000 }, periodSeconds: 1 },
              // Sidecars hear of the end before it comes.
              lifecycle: { preStop: { sleep: { seconds: 2 } } },
              volumeMounts: [{ name: 'app', mountPath: '/app' }],
            },
          ],
          volumes: [{ name: 'app', configMap: { name: 'stand-in' } }],
        },
      },
    },
  };
}

function fraud(): object {
  const versions = ['v1', 'v2'].map((version) => ({
    name: version,
    endpoints: { kubernetes: { selector: { app: 'fraud', version }, port: 'grpc' } },
  }));
  return modelService('fraud', { versions });
}

let replicas: Serve[] = [];
let envoy: RunningEnvoy;
let caller: Caller;
let load: Load;

const startReplica = (xds?: string) =>
  Serve.start(['--kubernetes', '--kubeconfig', KUBECONFIG], xds === undefined ? {} : { xds });
const endpointsOf = async (replica: Serve) =>
  (await replica.api<readonly ServiceStatus[]>('services'))[0]?.versions
    .map(({ endpoints }) => endpoints.length)
    .join(' ');
const weightAt = async (replica: Serve) =>
  (await replica.api<readonly RolloutStatus[]>('rollouts'))[0]?.weight;
const lost = () => load.answers.filter(({ status }) => status !== 0).length;

beforeAll(async () => {
  for (const file of readdirSync(CRDS)) await kubectl(['apply', '-f', join(CRDS, file)]);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  await waitUntil(
    'the default service account is there',
    () => kubectl(['get', 'serviceaccount', 'default']),
    SOON,
  );
  const code = { 'stand-in.mjs': readFileSync(join(import.meta.dirname, 'stand-in.mjs'), 'utf8') };
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'stand-in' }, data: code };
  await kubectl(['apply', '-f', '-'], yaml(configMap, deployment('v1', 2), deployment('v2', 2), fraud()));
  replicas = [await startReplica(), await startReplica()];
  for (const replica of replicas)
    await waitUntil('all pods are endpoints', async () => (await endpointsOf(replica)) === '2 2', SOON);
  const [, follower] = replicas as [Serve, Serve];
  const port = await freePort();
  const metadata = nodeMetadata({ kind: 'outbound', address: '127.0.0.1', port });
  envoy = await startEnvoy({ nodeId: 'client', xdsPort: follower.xdsPort, protocol: 'delta', metadata });
  caller = await waitUntil('the sidecar leads to the pods', async () => {
    const tried = new Caller(port);
    if ((await tried.call(HOST, {}, 500)).status === 0) return tried;
    tried.close();
    return undefined;
  });
  load = startLoad(caller, HOST, 80);
});
afterAll(async () => {
  await load?.stop();
  caller?.close();
  await envoy?.stop();
  await Promise.all(replicas.map((replica) => replica.stop()));
});

describe('real pods', () => {
  it('that are scaled are followed, and no call is lost', async () => {
    const [replica] = replicas as [Serve];
    await kubectl(['scale', 'deployment', 'fraud-v1', '--replicas=3']);
    await waitUntil('the third is an endpoint', async () => (await endpointsOf(replica)) === '3 2', SOON);
    await kubectl(['scale', 'deployment', 'fraud-v1', '--replicas=1']);
    await waitUntil('one is left', async () => (await endpointsOf(replica)) === '1 2', SOON);
    expect(lost()).toBe(0);
  });

  it('that are replaced one after the other lose no call', async () => {
    await kubectl(['rollout', 'restart', 'deployment', 'fraud-v1']);
    await kubectl(['rollout', 'status', 'deployment', 'fraud-v1', '--timeout=100s']);
    expect(lost()).toBe(0);
  });

  it('get all traffic by a rollout whose leader is killed on the way', async () => {
    const steps = [20, 50].flatMap((setWeight) => [{ setWeight }, { pause: { duration: '3s' } }]);
    const errors = { name: 'errors', type: 'ErrorRate', maxRatio: 2, thresholdRange: { max: 0.05 } };
    const analysis = { interval: '500ms', warmUp: '0s', metrics: [errors] };
    const strategy = { steps: [...steps, { setWeight: 100 }] };
    await kubectl(['apply', '-f', '-'], yaml(modelRollout('fraud-v2', 'fraud', { strategy, analysis })));
    const [leader, follower] = replicas as [Serve, Serve];
    await waitUntil('the first step', async () => (await weightAt(leader)) === 2000, SOON);
    await leader.stop('SIGKILL');
    replicas = [follower];
    const startedAt = performance.now();
    await waitUntil('the other decides', async () => (await follower.status()).replica?.leading, SOON);
    console.log(
      `another replica decided ${((performance.now() - startedAt) / 1000).toFixed(1)} s later, beside real pods`,
    );
    const done = async () => (await weightAt(follower)) === 10_000;
    await waitUntil('all traffic is with the candidate', done, { ...SOON, timeoutMs: 120_000 });
    await waitUntil('every call is answered by it', async () =>
      (await caller.calls(50, HOST)).every(({ version }) => version === 'v2'),
    );
    expect(lost()).toBe(0);
  });
});
