import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../src/demo/free-port.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { RELEASE } from '../../tools/kubernetes/chart.ts';
import { penstock, Serve, temporaryFolder } from '../penstock-process.ts';
import type { ApiServer } from './api-server.ts';
import { startCluster } from './cluster.ts';
import { chartObjects, leadServiceHere } from './installation.ts';

const SERVICE = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud, namespace: shop}
spec: {port: 9000, versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: 9101}]}}]}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud, namespace: shop}
spec: {targetRef: {name: fraud}, scaling: {requestsPerSecondPerReplica: 500, minReplicas: 3, maxReplicas: 20}}
`;

const folder = temporaryFolder();
let server: ApiServer;
let serve: Serve;
let port = 0;

/** Serves what the chart's objects lead to. */
async function startServe(): Promise<Serve> {
  const specs = join(folder.path, 'specs.yaml');
  writeFileSync(specs, SERVICE);
  return Serve.start([
    ...['-f', specs, '--kubeconfig', server.kubeconfig, '--own-namespace', RELEASE.namespace],
    ...['--extension-address', `0.0.0.0:${port}`, '--extension-refresh', '200ms'],
  ]);
}

function trusted(): Promise<string> {
  return waitUntil('the API server is told whom to trust', async () => {
    const { stdout } = await server.kubectl([
      ...['get', 'mutatingwebhookconfiguration', 'penstock', '-o'],
      'jsonpath={.webhooks[*].clientConfig.caBundle}',
    ]);
    return stdout.split(' ').length === 2 ? stdout : undefined;
  });
}

beforeAll(async () => {
  server = await startCluster();
  [port = 0] = await freePorts(1);
  for (const namespace of [RELEASE.namespace, 'shop', 'labelled', 'restricted'])
    await server.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ${namespace}}}`);
  await server.kubectl(['label', 'namespace', 'labelled', 'penstock.dev/inject=true']);
  await server.kubectl(['label', 'namespace', 'restricted', 'pod-security.kubernetes.io/enforce=restricted']);
  for (const object of chartObjects()) {
    if (object.kind === 'Service') await leadServiceHere(server, object, port);
    else await server.apply(JSON.stringify(object));
  }
  serve = await startServe();
  await trusted();
});

afterAll(async () => {
  await serve?.stop();
  await server?.stop();
  folder.remove();
});

interface PodSpec {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly namespace?: string;
}

const SECURE = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

let pods = 0;

/** Creates a pod and reads it back; what was refused is thrown. */
async function createPod({ labels = {}, annotations = {}, namespace = 'shop' }: PodSpec): Promise<{
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly initContainers?: readonly { readonly name: string; readonly args: readonly string[] }[];
    readonly containers: readonly { readonly env?: readonly { name: string; value: string }[] }[];
    readonly volumes?: readonly { readonly name: string }[];
  };
}> {
  pods += 1;
  const name = `pod-${pods}`;
  const container = {
    name: 'model',
    image: 'model',
    ports: [{ containerPort: 8001 }],
    securityContext: SECURE,
  };
  const pod = { metadata: { name, namespace, labels, annotations }, spec: { containers: [container] } };
  await server.apply(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...pod }));
  const { stdout } = await server.kubectl(['get', 'pod', name, '-n', namespace, '-o', 'json']);
  return JSON.parse(stdout);
}

const asks = { 'penstock.dev/service': 'fraud', 'penstock.dev/version': 'v1' };
const asksItself = { ...asks, 'penstock.dev/inject': 'true' };

describe('the mutating webhook', () => {
  it('adds a native sidecar to a pod whose label asks', async () => {
    const { spec, metadata } = await createPod({ labels: asksItself });
    expect(spec.initContainers).toMatchObject([{ name: 'penstock-inbound', restartPolicy: 'Always' }]);
    expect(metadata.annotations).toMatchObject({ 'penstock.dev/injected': 'inbound shop/fraud/v1' });
  });

  it('adds one to a pod in a namespace whose label asks', async () => {
    const { spec } = await createPod({ labels: asks, namespace: 'labelled' });
    expect(spec.initContainers?.map(({ name }) => name)).toEqual(['penstock-inbound']);
  });

  it.each([
    ['of no label', { labels: asks }],
    [
      'that says no in a namespace that says yes',
      { labels: { ...asks, 'penstock.dev/inject': 'false' }, namespace: 'labelled' },
    ],
    ['that asks for nothing', { namespace: 'labelled' }],
  ])('leaves a pod alone %s', async (_, pod) => {
    expect((await createPod(pod)).spec.initContainers).toBeUndefined();
  });

  it('adds what Pod Security "restricted" lets through', async () => {
    const annotations = { 'penstock.dev/outbound': 'true', 'penstock.dev/proxyless': 'true' };
    const { spec } = await createPod({ labels: asksItself, annotations, namespace: 'restricted' });
    expect(spec.initContainers?.map(({ name }) => name)).toEqual(['penstock-inbound', 'penstock-outbound']);
    expect(spec.containers[0]?.env).toEqual([
      { name: 'GRPC_XDS_BOOTSTRAP', value: '/etc/penstock/grpc/bootstrap.json' },
    ]);
    expect(spec.volumes?.map(({ name }) => name)).toContain('penstock-grpc');
  });

  it('says what is wrong with what a pod asks for', async () => {
    const annotations = { 'penstock.dev/app-port': 'grpc' };
    await expect(createPod({ labels: asksItself, annotations })).rejects.toThrow(
      'metadata.annotations["penstock.dev/app-port"]: is "grpc"; a port from "1" to "65535"',
    );
  });
});

const BAD: readonly (readonly [string, object])[] = [
  ['weights that fall', { strategy: { steps: [{ setWeight: 50 }, { setWeight: 20 }] } }],
  ['an unknown version', { stable: 'v9' }],
  [
    'a quantile that no latency has',
    { analysis: { metrics: [{ name: 'p', type: 'Latency', thresholdRange: { max: '1ms' } }] } },
  ],
];

function rollout(spec: object): object {
  return {
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelRollout',
    metadata: { name: 'fraud-v2', namespace: 'shop' },
    spec: {
      targetRef: { name: 'fraud' },
      stable: 'v1',
      candidate: 'v2',
      strategy: { steps: [{ setWeight: 50 }, { setWeight: 100 }] },
      analysis: { metrics: [{ name: 'errors', type: 'ErrorRate', thresholdRange: { max: 0.01 } }] },
      ...spec,
    },
  };
}

describe('the validating webhook', () => {
  it.each(BAD)('refuses a rollout with %s in the words of penstock check', async (_, spec) => {
    const file = join(folder.path, 'check.yaml');
    writeFileSync(file, `${SERVICE}---\n${JSON.stringify(rollout(spec))}`);
    const said = await penstock(['check', '-f', file]);
    const findings = said.stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/^[^:]+:\d+: /, ''));
    const { code, stderr } = await server.kubectl(['apply', '-f', '-'], {
      stdin: JSON.stringify(rollout(spec)),
    });
    expect(said.code).toBe(1);
    expect(code).toBe(1);
    expect(stderr).toContain('admission webhook "validate.penstock.dev" denied the request');
    for (const finding of findings) expect(stderr).toContain(finding);
  });

  it('warns of what is missing and may come', async () => {
    const early = {
      ...rollout({ targetRef: { name: 'later' } }),
      metadata: { name: 'early', namespace: 'shop' },
    };
    const { code, stderr } = await server.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(early) });
    expect(code).toBe(0);
    expect(stderr).toContain('Warning: spec.targetRef.name: there is no ModelService "later"');
  });
});

function metric(path: string, kubeconfig = server.kubeconfig) {
  const base = '/apis/external.metrics.k8s.io/v1beta1';
  return server.kubectl(['get', '--raw', `${base}${path}`], { kubeconfig });
}

describe('the external metrics', () => {
  it('are answered through the aggregation layer', async () => {
    const { stdout } = await waitUntil('the API is available', async () => {
      const answer = await metric('/namespaces/shop/desired_replicas?labelSelector=service%3Dfraud');
      return answer.code === 0 ? answer : undefined;
    });
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'ExternalMetricValueList',
      items: [
        { metricName: 'desired_replicas', metricLabels: { service: 'fraud', version: 'v1' }, value: '3' },
      ],
    });
  });

  it.each([
    ['of another namespace are others', '/namespaces/default/desired_replicas', 0, '"items":[]'],
    [
      'that nobody knows are none',
      '/namespaces/shop/qps',
      1,
      'there is no metric qps; one of requests_per_second',
    ],
    [
      'by a selector that is none are refused',
      '/namespaces/shop/desired_replicas?labelSelector=a%20b',
      1,
      'labelSelector a b is none',
    ],
    ['are not known while nobody reports', '/namespaces/shop/requests_per_second', 0, '"items":[]'],
  ])('%s', async (_, path, code, text) => {
    const answer = await metric(path);
    expect(answer.code).toBe(code);
    expect(answer.stdout + answer.stderr).toContain(text);
  });

  it('are for those whom RBAC lets read them', async () => {
    const path = '/namespaces/shop/desired_replicas';
    expect((await metric(path, await server.kubeconfigFor('somebody'))).stderr).toContain(
      'cannot list resource "desired_replicas"',
    );
    const autoscaler = await server.kubeconfigFor(
      'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
    );
    expect((await metric(path, autoscaler)).code).toBe(0);
  });

  it('are for nobody who does not come through the API server', async () => {
    const { stdout } = await server.kubectl([
      'get',
      'secret',
      'penstock-authority',
      '-n',
      RELEASE.namespace,
      '-o',
      'json',
    ]);
    expect(JSON.parse(stdout).type).toBe('kubernetes.io/tls');
    const { request } = await import('node:https');
    const status = await new Promise((resolve, reject) => {
      const path = '/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/desired_replicas';
      const headers = { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' };
      request({ host: '127.0.0.1', port, path, headers, rejectUnauthorized: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .once('error', reject)
        .end();
    });
    expect(status).toBe(401);
  });
});

describe('while nobody serves the webhooks', () => {
  it('pods start without a sidecar, and with one again as soon as somebody does', async () => {
    await serve.stop();
    expect((await createPod({ labels: asksItself })).spec.initContainers).toBeUndefined();
    serve = await startServe();
    await waitUntil('a pod has a sidecar again', async () => {
      const { spec } = await createPod({ labels: asksItself });
      return spec.initContainers !== undefined ? true : undefined;
    });
  });
});
