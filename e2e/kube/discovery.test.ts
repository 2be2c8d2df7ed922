import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceStatus } from '../../src/core/status/status.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { penstock, type Serve } from '../penstock-process.ts';
import type { ApiServer } from './api-server.ts';
import { fieldOf, modelService, startCluster, startReplica, untilField, yaml } from './cluster.ts';

let server: ApiServer;
let serve: Serve;
beforeAll(async () => {
  server = await startCluster();
  await server.apply(
    yaml(
      modelService('picked', {
        versions: ['v1', 'v2'].map((version) => ({
          name: version,
          endpoints: { kubernetes: { selector: { app: 'picked', version }, port: 'grpc' } },
        })),
      }),
      modelService('sliced', {
        versions: [{ name: 'v1', endpoints: { kubernetes: { service: 'sliced' } } }],
      }),
    ),
  );
  serve = await startReplica(server);
});
afterAll(async () => {
  await serve?.stop();
  await server.stop();
});

/** A pod that runs, as a kubelet would tell of it. */
async function pod(name: string, labels: object, address: string, ready = true): Promise<void> {
  const containers = [{ name: 'model', image: 'none', ports: [{ name: 'grpc', containerPort: 9000 }] }];
  await server.apply(
    yaml({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: { containers } }),
  );
  await podStatus(name, address, ready);
}

async function podStatus(name: string, address: string, ready: boolean): Promise<void> {
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  const status = { phase: 'Running', podIP: address, podIPs: [{ ip: address }], conditions };
  const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
  const { code, stderr } = await server.kubectl(['patch', 'pod', name, ...patch]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}

/** What the controller of EndpointSlices would write. */
function slice(endpoints: readonly object[]): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'sliced-1', labels: { 'kubernetes.io/service-name': 'sliced' } },
    addressType: 'IPv4',
    ports: [{ name: 'grpc', port: 9000, protocol: 'TCP' }],
    endpoints,
  };
}

async function untilEndpoints(service: string, expected: string): Promise<void> {
  let found = '';
  await waitUntil(
    `${service} has ${expected}`,
    async () => {
      const status = (await serve.api<readonly ServiceStatus[]>('services')).find(
        ({ name }) => name === service,
      );
      found = (status?.versions ?? [])
        .map(({ name, endpoints }) => `${name}: ${endpoints.map(({ address }) => address).join(' ')}`)
        .join(', ');
      if (found === expected) return true;
      throw new Error(`it has ${found}`);
    },
    { timeoutMs: 10_000, everyMs: 20 },
  );
}

describe('pods by their labels', () => {
  it('are endpoints of their version while they are ready', async () => {
    await pod('a', { app: 'picked', version: 'v1' }, '10.0.0.1');
    await pod('b', { app: 'picked', version: 'v1' }, '10.0.0.2', false);
    await pod('c', { app: 'picked', version: 'v2' }, '10.0.0.3');
    await pod('d', { app: 'else', version: 'v1' }, '10.0.0.4');
    await untilEndpoints('picked', 'v1: 10.0.0.1:9000, v2: 10.0.0.3:9000');
    await podStatus('b', '10.0.0.2', true);
    await untilEndpoints('picked', 'v1: 10.0.0.1:9000 10.0.0.2:9000, v2: 10.0.0.3:9000');
    await podStatus('a', '10.0.0.1', false);
    await untilEndpoints('picked', 'v1: 10.0.0.2:9000, v2: 10.0.0.3:9000');
  });

  it('follow a label that is changed', async () => {
    await server.kubectl(['label', 'pod', 'b', 'version=v2', '--overwrite']);
    await untilEndpoints('picked', 'v1: , v2: 10.0.0.2:9000 10.0.0.3:9000');
    await untilField(
      server,
      'msvc/picked',
      '.status.conditions[?(@.type=="EndpointsFound")].status',
      'False',
    );
    expect(
      await fieldOf(server, 'msvc/picked', '.status.conditions[?(@.type=="EndpointsFound")].message'),
    ).toBe('no endpoint of v1 is known');
  });

  it('are gone when they are deleted', async () => {
    await server.kubectl(['delete', 'pod', 'c', '--force', '--grace-period=0']);
    await untilEndpoints('picked', 'v1: , v2: 10.0.0.2:9000');
  });
});

describe('the EndpointSlices of a Service', () => {
  const up = { ready: true, serving: true, terminating: false };
  const ending = { ready: false, serving: true, terminating: true };
  const dead = { ready: false, serving: false, terminating: true };

  it('give its ready endpoints', async () => {
    await server.apply(
      yaml(
        slice([
          { addresses: ['10.1.0.1'], conditions: up, zone: 'a' },
          { addresses: ['10.1.0.2'], conditions: ending, zone: 'b' },
        ]),
      ),
    );
    await untilEndpoints('sliced', 'v1: 10.1.0.1:9000');
  });

  it('give those that still serve while they end, when there are no others', async () => {
    await server.apply(
      yaml(
        slice([
          { addresses: ['10.1.0.1'], conditions: dead },
          { addresses: ['10.1.0.2'], conditions: ending },
        ]),
      ),
    );
    await untilEndpoints('sliced', 'v1: 10.1.0.2:9000');
  });

  it('are followed at once', async () => {
    const tookMs: number[] = [];
    for (let round = 0; round < 10; round++) {
      const address = `10.1.1.${round}`;
      await server.apply(yaml(slice([{ addresses: [address], conditions: up }])));
      const startedAt = performance.now();
      await untilEndpoints('sliced', `v1: ${address}:9000`);
      tookMs.push(performance.now() - startedAt);
    }
    const median = tookMs.sort((a, b) => a - b)[5] ?? 0;
    console.log(`an endpoint is published ${median.toFixed(0)} ms after kubectl returned (median of 10)`);
    expect(median).toBeLessThan(500);
  });
});

it('an instance that two places name belongs to the first, and both are named', async () => {
  const versions = [
    { name: 'v1', endpoints: { static: [{ address: '10.0.0.2', port: 9000 }] } },
    { name: 'v2', endpoints: { kubernetes: { selector: { app: 'picked' }, port: 'grpc' } } },
  ];
  await server.apply(yaml(modelService('twice', { versions })));
  await untilField(
    server,
    'msvc/twice',
    '.status.conditions[?(@.type=="EndpointsDistinct")].status',
    'False',
  );
  expect(
    await fieldOf(server, 'msvc/twice', '.status.conditions[?(@.type=="EndpointsDistinct")].message'),
  ).toBe(
    '10.0.0.2:9000 is found by versions[1].endpoints.kubernetes, and versions[0].endpoints.static[0] has it already; each instance once',
  );
  await untilEndpoints('twice', 'v1: 10.0.0.2:9000, v2: ');
});

it('without a cluster, files and --kubernetes exclude each other', async () => {
  expect(await penstock(['serve', '--kubernetes', '-f', 'x.yaml'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--kubernetes and --file exclude each other'),
  });
  expect(await penstock(['serve'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no specs are named'),
  });
  expect(await penstock(['serve', '--kubernetes', '--kubeconfig', '/nowhere'])).toMatchObject({ code: 1 });
});
