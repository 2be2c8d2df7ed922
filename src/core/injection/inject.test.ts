import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathText } from '../api/problem.ts';
import { inject } from './inject.ts';
import { patched } from './patch-fixture.ts';
import type { Container, Pod } from './pod.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const model: Container = {
  name: 'model',
  ports: [{ name: 'grpc', containerPort: 8001 }, { containerPort: 8000 }],
};

function pod(
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
  spec: Pod['spec'] = { containers: [model] },
): Pod {
  return { metadata: { labels, annotations }, spec };
}

const on = { 'penstock.dev/inject': 'true' };
const fraud = { ...on, 'penstock.dev/service': 'fraud', 'penstock.dev/version': 'v1' };
const client = { 'penstock.dev/outbound': 'true' };

function request(given: Pod, selectedBy: 'pod' | 'namespace' = 'pod') {
  return { pod: given, namespace: 'shop', selectedBy, uid: 'u1' };
}

function injected(given: Pod, selectedBy: 'pod' | 'namespace' = 'pod'): Pod {
  const patch = inject(request(given, selectedBy), DEFAULT_SETTINGS);
  if ('findings' in patch) throw new Error(patch.findings.map(({ message }) => message).join('; '));
  return patched(given, patch);
}

function configOf(given: Pod, index: number): Record<string, unknown> {
  const args: unknown = Reflect.get(given.spec?.initContainers?.[index] ?? {}, 'args');
  return JSON.parse(String(Array.isArray(args) ? args[1] : ''));
}

describe('which pods take part', () => {
  it.each([
    ['label "true"', { ...fraud }, 'pod', true],
    ['no label, by the pod', { ...fraud, 'penstock.dev/inject': undefined }, 'pod', false],
    ['no label, by the namespace', { ...fraud, 'penstock.dev/inject': undefined }, 'namespace', true],
    ['label "false", by the namespace', { ...fraud, 'penstock.dev/inject': 'false' }, 'namespace', false],
    ['another word', { ...fraud, 'penstock.dev/inject': 'yes' }, 'namespace', false],
  ] as const)('%s', (_, labels, selectedBy, takesPart) => {
    const given = pod(JSON.parse(JSON.stringify(labels)));
    expect(
      injected(given, selectedBy) !== given && injected(given, selectedBy).spec?.initContainers !== undefined,
    ).toBe(takesPart);
  });

  it('leaves a pod alone that asks for nothing', () => {
    expect(inject(request(pod(on), 'namespace'), DEFAULT_SETTINGS)).toEqual([]);
  });
});

describe('what is added', () => {
  it('puts a native sidecar in front of a model server', () => {
    const result = injected(pod(fraud));
    expect(result.spec?.initContainers).toMatchObject([
      {
        name: 'penstock-inbound',
        restartPolicy: 'Always',
        ports: [{ name: 'penstock', containerPort: 9000 }, { containerPort: 15_021 }],
        securityContext: {
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ]);
    expect(configOf(result, 0)).toMatchObject({
      node: {
        id: '$(POD_NAME).$(POD_NAMESPACE).inbound',
        metadata: {
          penstock: { kind: 'inbound', service: 'shop/fraud', version: 'v1', port: 9000, appPort: 8001 },
        },
      },
    });
    expect(result.metadata?.annotations).toMatchObject({ 'penstock.dev/injected': 'inbound shop/fraud/v1' });
  });

  it('puts one beside clients, on loopback', () => {
    expect(configOf(injected(pod(on, client)), 0)).toMatchObject({
      node: { metadata: { penstock: { kind: 'outbound', address: '127.0.0.1', port: 15_001 } } },
    });
  });

  it('leads to a collector of traces where the pod names one', () => {
    const annotations = {
      'penstock.dev/otlp-endpoint': 'http://collector.obs:4318',
      'penstock.dev/traced': '5',
    };
    const config = configOf(injected(pod(fraud, annotations)), 0);
    expect(config).toMatchObject({ node: { metadata: { penstock: { kind: 'inbound', traced: 5 } } } });
    expect(JSON.stringify(config)).toContain('"address":"collector.obs","port_value":4318');
  });

  it('puts two where a model server calls others', () => {
    const names = injected(pod(fraud, client)).spec?.initContainers?.map(({ name }) => name);
    expect(names).toEqual(['penstock-inbound', 'penstock-outbound']);
  });

  it('starts before the init containers that are there', () => {
    const given = pod(fraud, client, { containers: [model], initContainers: [{ name: 'fetch-model' }] });
    const names = injected(given).spec?.initContainers?.map(({ name }) => name);
    expect(names).toEqual(['penstock-inbound', 'penstock-outbound', 'fetch-model']);
  });

  it('gives clients that speak xDS themselves their bootstrap as a file', () => {
    const given = pod(on, { 'penstock.dev/proxyless': 'model' }, { containers: [model, { name: 'logs' }] });
    const result = injected(given);
    expect(result.spec?.containers).toMatchObject([
      { env: [{ name: 'GRPC_XDS_BOOTSTRAP', value: '/etc/penstock/grpc/bootstrap.json' }] },
      { name: 'logs' },
    ]);
    expect(result.spec?.containers?.[1]).toEqual({ name: 'logs' });
    expect(JSON.parse(result.metadata?.annotations?.['penstock.dev/grpc-bootstrap'] ?? '')).toEqual({
      xds_servers: [
        {
          server_uri: 'penstock.penstock-system.svc:18000',
          channel_creds: [{ type: 'insecure' }],
          server_features: ['xds_v3'],
        },
      ],
      node: { id: 'shop.u1.proxyless', cluster: 'penstock' },
    });
  });
});

describe('what is wrong with a pod is said', () => {
  it.each([
    [
      'a service that is no name',
      { 'penstock.dev/service': 'Fraud!' },
      {},
      'metadata.labels["penstock.dev/service"]',
    ],
    [
      'a port that is none',
      {},
      { 'penstock.dev/port': '99999' },
      'metadata.annotations["penstock.dev/port"]',
    ],
    [
      'a word that is no flag',
      {},
      { 'penstock.dev/outbound': 'yes' },
      'metadata.annotations["penstock.dev/outbound"]',
    ],
    ['ports that collide', {}, { 'penstock.dev/port': '8001' }, 'metadata.annotations["penstock.dev/port"]'],
    [
      'a collector that is no address',
      {},
      { 'penstock.dev/otlp-endpoint': 'collector:4318' },
      'metadata.annotations["penstock.dev/otlp-endpoint"]',
    ],
    [
      'a share that is none',
      {},
      { 'penstock.dev/traced': '101' },
      'metadata.annotations["penstock.dev/traced"]',
    ],
    [
      'a container that is not there',
      {},
      { 'penstock.dev/proxyless': 'app' },
      'metadata.annotations["penstock.dev/proxyless"]',
    ],
  ])('%s', (_, labels, annotations, path) => {
    const result = inject(request(pod({ ...fraud, ...labels }, annotations)), DEFAULT_SETTINGS);
    expect('findings' in result && result.findings.map((each) => pathText(each.path))).toEqual([path]);
  });

  it('a version that is missing', () => {
    const result = inject(request(pod({ ...on, 'penstock.dev/service': 'fraud' })), DEFAULT_SETTINGS);
    expect('findings' in result && result.findings[0]?.hint).toBe('the version that the pod serves');
  });

  it('a port of the model server that cannot be told', () => {
    const given = pod(
      fraud,
      {},
      { containers: [{ name: 'a', ports: [{ containerPort: 1 }, { containerPort: 2 }] }] },
    );
    const result = inject(request(given), DEFAULT_SETTINGS);
    expect('findings' in result && result.findings[0]?.message).toContain('declare the ports 1, 2');
  });

  it('ports of the node', () => {
    const given = pod(fraud, {}, { containers: [model], hostNetwork: true });
    const result = inject(request(given), DEFAULT_SETTINGS);
    expect('findings' in result && pathText(result.findings[0]?.path ?? [])).toBe('spec.hostNetwork');
  });
});

const name = fc.constantFrom('model', 'logs', 'penstock-inbound');
const containers = fc.uniqueArray(
  fc.record(
    {
      name,
      ports: fc.array(fc.record({ containerPort: fc.constantFrom(8001, 9000) }), { maxLength: 2 }),
      env: fc.constantFrom(
        null,
        [],
        [{ name: 'A', value: '1' }],
        [{ name: 'GRPC_XDS_BOOTSTRAP', value: '/own' }],
      ),
      volumeMounts: fc.constantFrom(null, [], [{ name: 'v', mountPath: '/v' }]),
    },
    { requiredKeys: ['name'] },
  ),
  { selector: (each) => each.name, minLength: 1, maxLength: 3 },
);
const flag = fc.constantFrom('true', 'false', 'model', 'model, logs', '');
const anyPod: fc.Arbitrary<Pod> = fc.record(
  {
    metadata: fc.record(
      {
        labels: fc.record(
          {
            'penstock.dev/inject': fc.constantFrom('true', 'false', 'x'),
            'penstock.dev/service': fc.constantFrom('fraud', 'other/fraud', 'Bad'),
            'penstock.dev/version': fc.constantFrom('v1', 'v2'),
            'a/b': fc.string(),
          },
          { requiredKeys: [] },
        ),
        annotations: fc.record(
          {
            'penstock.dev/outbound': flag,
            'penstock.dev/proxyless': flag,
            'penstock.dev/app-port': fc.constantFrom('8001', '0'),
            'a~b/c': fc.string(),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    ),
    spec: fc.record(
      {
        containers,
        initContainers: fc.constantFrom([], [{ name: 'first' }], null),
        volumes: fc.constantFrom([], [{ name: 'v' }], null),
      },
      { requiredKeys: ['containers'] },
    ),
  },
  { requiredKeys: ['spec'] },
);

describe('whatever the pod', () => {
  const selectedBy = fc.constantFrom('pod' as const, 'namespace' as const);
  const patchOf = (given: Pod, by: 'pod' | 'namespace') => {
    const patch = inject(request(given, by), DEFAULT_SETTINGS);
    return 'findings' in patch ? [] : patch;
  };

  it('a second call adds nothing', () => {
    fc.assert(
      fc.property(anyPod, selectedBy, (given, by) => {
        expect(patchOf(patched(given, patchOf(given, by)), by)).toEqual([]);
      }),
    );
  });

  it('is left alone unless its label or its namespace asks', () => {
    fc.assert(
      fc.property(anyPod, selectedBy, (given, by) => {
        const label = given.metadata?.labels?.['penstock.dev/inject'];
        fc.pre(label === 'false' || label === 'x' || (label === undefined && by === 'pod'));
        expect(inject(request(given, by), DEFAULT_SETTINGS)).toEqual([]);
      }),
    );
  });

  it('keeps all that it had', () => {
    fc.assert(
      fc.property(anyPod, selectedBy, (given, by) => {
        const result = patched(given, patchOf(given, by));
        expect(result.metadata?.labels).toEqual(given.metadata?.labels);
        expect(result.metadata?.annotations ?? {}).toMatchObject(given.metadata?.annotations ?? {});
        for (const key of ['initContainers', 'volumes'] as const)
          expect(result.spec?.[key] ?? []).toEqual(expect.arrayContaining([...(given.spec?.[key] ?? [])]));
        result.spec?.containers?.forEach((container, index) => {
          const before = given.spec?.containers?.[index];
          expect({ ...container, env: [], volumeMounts: [] }).toEqual({
            ...before,
            env: [],
            volumeMounts: [],
          });
          expect(container.env ?? []).toEqual(expect.arrayContaining([...(before?.env ?? [])]));
        });
      }),
    );
  });
});
