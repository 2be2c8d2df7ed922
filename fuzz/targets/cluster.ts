import type { V1EndpointSlice, V1Pod } from '@kubernetes/client-node';
import { judgeObject } from '../../src/core/admission/judge-object.ts';
import { metricValues } from '../../src/core/external-metrics/metric-values.ts';
import { DEFAULT_SETTINGS } from '../../src/core/injection/settings.ts';
import { readReview } from '../../src/kubernetes/extension/admission-review.ts';
import { webhooks } from '../../src/kubernetes/extension/webhooks.ts';
import { slimPod, slimSlice } from '../../src/kubernetes/pod-facts.ts';
import { addressesOf, type PodPlace } from '../../src/kubernetes/pod-place.ts';
import { jsonOf, promise, type Target, texts } from '../target.ts';

const POD = {
  metadata: {
    name: 'fraud-0',
    namespace: 'default',
    labels: { app: 'fraud', version: 'v1', 'penstock.dev/inject': 'true' },
    annotations: {
      'penstock.dev/service': 'fraud',
      'penstock.dev/port': '9000',
      'penstock.dev/app-port': '9001',
      'penstock.dev/outbound': 'true',
      'penstock.dev/proxyless': 'model',
    },
  },
  spec: {
    containers: [
      {
        name: 'model',
        ports: [{ name: 'grpc', containerPort: 9001 }],
        env: [{ name: 'A' }],
        volumeMounts: [],
      },
    ],
    initContainers: [{ name: 'fetch' }],
    volumes: [{ name: 'models' }],
  },
  status: { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
};
const SLICE = {
  metadata: {
    name: 'fraud-x',
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': 'fraud' },
  },
  ports: [{ name: 'grpc', port: 9000 }],
  endpoints: [
    {
      addresses: ['10.0.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      zone: 'a',
      targetRef: { kind: 'Pod', name: 'fraud-0' },
    },
    { addresses: ['10.0.0.2'], conditions: { ready: false, serving: true, terminating: true } },
  ],
};
const SERVICE = {
  apiVersion: 'penstock.dev/v1alpha1',
  kind: 'ModelService',
  metadata: { name: 'fraud', namespace: 'default', uid: 'x', resourceVersion: '17' },
  spec: {
    port: 9000,
    versions: [{ name: 'v1', endpoints: { static: [{ address: '127.0.0.1', port: 9101 }] } }],
  },
};
const reviewOf = (object: object) =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'x', namespace: 'default', operation: 'CREATE', object },
  });

const app = webhooks({ injection: () => DEFAULT_SETTINGS, objects: () => [], answered: () => {} });

class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

/** A webhook answers whatever comes: with a review, or that this was none. */
async function ask(path: string, body: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await app.request(path, { method: 'POST', headers, body: new Uint8Array(body) });
  promise(answer.status === 200 || answer.status === 400, `it is answered, not ${answer.status}`);
  if (answer.status === 400) throw new Unanswered();
}

const PLACES: readonly PodPlace[] = [
  { namespace: 'default', service: 'fraud', port: 'grpc' },
  { namespace: 'default', selector: { app: 'fraud' }, port: 9000 },
];

function place(json: unknown): void {
  const { pod, slice } = json as { readonly pod: V1Pod; readonly slice: V1EndpointSlice };
  const pods = new Map([['fraud-0', slimPod(pod).facts]]);
  for (const each of PLACES) addressesOf(each, pods, [slimSlice(slice).facts]);
}

const SAMPLE = { namespace: 'default', service: 'fraud', version: 'v1', replicas: 3, at: 0 };

/** What comes through the API server, and from who pretends to be one. */
export const CLUSTER_TARGETS: readonly Target[] = [
  {
    name: 'label-selector',
    seeds: texts('service=fraud,version in (v1, v2),!x,y!=z', 'a notin (b)'),
    read: (bytes) =>
      void metricValues(
        [{ ...SAMPLE, offeredPerSecond: 10, demandPerSecond: 12 }],
        'default',
        'desired_replicas',
        bytes.toString(),
      ),
    refuses: [],
  },
  {
    name: 'pods-and-slices',
    seeds: texts(JSON.stringify({ pod: POD, slice: SLICE })),
    isJson: true,
    read: (bytes) => place(jsonOf(bytes)),
    // What is no pod is told as trouble with the API server, and asked for again.
    refuses: ['NoJson', 'TypeError'],
  },
  {
    name: 'injection-review',
    seeds: texts(reviewOf(POD)),
    isJson: true,
    read: (bytes) => ask('/inject/by-namespace', bytes),
    refuses: ['Unanswered'],
  },
  {
    name: 'validation-review',
    seeds: texts(reviewOf(SERVICE)),
    isJson: true,
    read: (bytes) => {
      const asked = readReview(jsonOf(bytes));
      if (asked === undefined) throw new Unanswered();
      judgeObject(asked.object, []);
    },
    refuses: ['NoJson', 'Unanswered'],
  },
];
