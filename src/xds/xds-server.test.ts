import { create, fromBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Resource } from '../core/delta/resource.ts';
import { ADDING_ORDER, TYPE_URL } from '../core/delta/type-urls.ts';
import type { LoadReport } from '../core/signals/load-report.ts';
import { RouteConfigurationSchema } from '../gen/envoy/config/route/v3/route_pb.js';
import {
  LoadStatsRequestSchema,
  LoadStatsResponseSchema,
} from '../gen/envoy/service/load_stats/v3/lrs_pb.js';
import { RuntimeSchema } from '../gen/envoy/service/runtime/v3/rtds_pb.js';
import { encodeResource } from './codec.ts';
import { ListenFailed, NodeRefused, type XdsListener, type XdsServer } from './contract.ts';
import { discoveryMethods } from './services.ts';
import { XdsClient } from './xds-client-fixture.ts';
import { serveXds } from './xds-server.ts';

const NODE = { id: 'sidecar-1', cluster: 'test', metadata: { penstock: { kind: 'outbound' } } };
const RDS = { typeUrl: TYPE_URL.rds, node: NODE };

let server: XdsServer;
let client: XdsClient;
const listener: { -readonly [K in keyof XdsListener]: XdsListener[K] } = {};

beforeEach(async () => {
  server = await serveXds({
    address: '127.0.0.1:0',
    nodes: {
      viewOf: (node) => {
        if (node.id === 'stranger') throw new NodeRefused('no service is called stranger');
        return 'all';
      },
    },
    listener,
    settings: { requestBytes: 10_000 },
  });
  client = new XdsClient(server.port);
});

afterEach(async () => {
  for (const key of Object.keys(listener) as (keyof XdsListener)[]) delete listener[key];
  client.close();
  await server.close();
});

function route(name: string, domain: string): Resource {
  const virtualHosts = [{ name, domains: [domain] }];
  return encodeResource(RouteConfigurationSchema, create(RouteConfigurationSchema, { name, virtualHosts }));
}

const domainOf = (bytes: Uint8Array | undefined) =>
  fromBinary(RouteConfigurationSchema, bytes ?? new Uint8Array()).virtualHosts[0]?.domains[0];

describe('over real streams', () => {
  test('delta: told, changed, acknowledged', async () => {
    const acknowledged = new Promise((resolve) => {
      listener.acknowledged = resolve;
    });
    server.publish({ upsert: [route('r', 'one')], views: [['all', {}]] });
    const stream = client.delta();
    stream.send({ ...RDS, resourceNamesSubscribe: ['r', 'none'] });
    const first = await stream.next();
    expect(first).toMatchObject({ typeUrl: TYPE_URL.rds, removedResources: ['none'] });
    expect(first.resources[0]).toMatchObject({
      name: 'r',
      version: server.resource({ typeUrl: TYPE_URL.rds, name: 'r' })?.version,
    });
    expect(domainOf(first.resources[0]?.resource?.value)).toBe('one');
    stream.send({ typeUrl: TYPE_URL.rds, responseNonce: first.nonce });
    expect(await acknowledged).toMatchObject({ nodeId: 'sidecar-1', typeUrl: TYPE_URL.rds, sequence: 1 });
    server.publish({ upsert: [route('r', 'two')] });
    expect(domainOf((await stream.next()).resources[0]?.resource?.value)).toBe('two');
    expect(server.streams()).toMatchObject([
      {
        node: { id: 'sidecar-1', metadata: NODE.metadata },
        view: 'all',
        protocol: 'delta',
        converged: false,
      },
    ]);
  });

  test('state of the world: told, rejected, and the rejection is shown', async () => {
    const rejected = new Promise((resolve) => {
      listener.rejected = resolve;
    });
    server.publish({ upsert: [route('r', 'one')], views: [['all', {}]] });
    const stream = client.sotw();
    stream.send({ ...RDS, resourceNames: ['r'] });
    const first = await stream.next();
    expect(domainOf(first.resources[0]?.value)).toBe('one');
    const errorDetail = { code: 3, message: 'no such cluster' };
    stream.send({ typeUrl: TYPE_URL.rds, resourceNames: ['r'], responseNonce: first.nonce, errorDetail });
    expect(await rejected).toMatchObject({
      nodeId: 'sidecar-1',
      rejection: { message: 'no such cluster', names: ['r'] },
    });
    expect(server.streams()[0]?.types).toMatchObject([
      { acknowledged: false, rejection: { message: 'no such cluster' } },
    ]);
  });

  test('a resource that expires is wrapped in state of the world, and its heartbeats come', async () => {
    const values = encodeResource(RuntimeSchema, create(RuntimeSchema, { name: 'values' }), 300);
    server.publish({ upsert: [values], views: [['all', {}]] });
    const stream = client.sotw();
    stream.send({ typeUrl: TYPE_URL.rtds, node: NODE, resourceNames: ['values'] });
    for (const _ of ['the resource', 'a heartbeat', 'another']) {
      const { resources } = await stream.next();
      expect(resources[0]?.typeUrl).toBe('type.googleapis.com/envoy.service.discovery.v3.Resource');
    }
  });

  test('a burst is told together, and only its end', async () => {
    server.publish({ upsert: [route('r', '0')], views: [['all', {}]] });
    const stream = client.delta();
    stream.send({ ...RDS, resourceNamesSubscribe: ['r'] });
    await stream.next();
    for (let i = 1; i <= 100; i++) server.publish({ upsert: [route('r', `${i}`)] });
    let last: string | undefined;
    let messages = 0;
    for (; last !== '100'; messages++) last = domainOf((await stream.next()).resources[0]?.resource?.value);
    expect(messages).toBeLessThanOrEqual(2);
  });
});

describe('single-type services', () => {
  const streams = discoveryMethods().filter((m) => m.kind === 'stream' && m.typeUrl !== undefined);

  test('there is one of each protocol for every type', () => {
    expect(streams).toHaveLength(2 * ADDING_ORDER.length);
  });

  test.each(streams.map((m) => m.path))('%s knows its type without being told', async (path) => {
    server.publish({ views: [['all', {}]] });
    const isDelta = path.includes('/Delta');
    const node = NODE;
    if (isDelta) {
      const stream = client.delta(path);
      stream.send({ node, resourceNamesSubscribe: ['none'] });
      expect(await stream.next()).toMatchObject({ removedResources: ['none'] });
    } else {
      const stream = client.sotw(path);
      stream.send({ node, typeUrl: 'type.googleapis.com/another' });
      expect(await stream.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
    }
  });

  test.each(
    discoveryMethods()
      .filter((m) => m.kind === 'fetch')
      .map((m) => m.path),
  )('%s is told to stream', async (path) => {
    expect(await client.unaryError(path)).toMatchObject({
      code: status.UNIMPLEMENTED,
      details: expect.stringContaining('open a stream instead'),
    });
  });
});

describe('what is refused', () => {
  test.each([
    ['bytes that are no request', Buffer.from([0x0a, 0xff]), status.INVALID_ARGUMENT, 'malformed request: '],
    ['a request without a node', Buffer.alloc(0), status.INVALID_ARGUMENT, 'type_url is needed'],
    ['a request that is too large', Buffer.alloc(20_000), status.RESOURCE_EXHAUSTED, 'is larger than 10000'],
  ])('%s', async (_, bytes, code, details) => {
    const stream = client.delta();
    stream.call.write(bytes);
    expect(await stream.ended).toMatchObject({ code, details: expect.stringContaining(details) });
  });

  test('a type that is not served', async () => {
    const stream = client.delta();
    stream.send({ node: NODE, typeUrl: 'type.googleapis.com/some.Type' });
    expect(await stream.ended).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(/some\.Type is not served; served are CDS, EDS/),
    });
  });

  test('a node that nobody knows', async () => {
    const stream = client.delta();
    stream.send({ node: { id: 'stranger' }, typeUrl: TYPE_URL.cds });
    expect(await stream.ended).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: expect.stringContaining('no service is called stranger'),
    });
    expect(server.streams()).toEqual([]);
  });

  test('others feel nothing of it', async () => {
    server.publish({ upsert: [route('r', 'one')], views: [['all', {}]] });
    const good = client.delta();
    good.send({ ...RDS, resourceNamesSubscribe: ['r'] });
    await good.next();
    const bad = client.delta();
    bad.call.write(Buffer.from([0xff]));
    await bad.ended;
    server.publish({ upsert: [route('r', 'two')] });
    expect(domainOf((await good.next()).resources[0]?.resource?.value)).toBe('two');
  });
});

describe('load reports', () => {
  test('are asked for every cluster by endpoint, and handed on as plain values', async () => {
    const reported = new Promise<LoadReport>((resolve) => {
      listener.loadReport = resolve;
    });
    const stream = client.stream(
      '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats',
      LoadStatsRequestSchema,
      LoadStatsResponseSchema,
    );
    stream.send({ node: NODE });
    expect(await stream.next()).toMatchObject({
      sendAllClusters: true,
      reportEndpointGranularity: true,
      loadReportingInterval: { seconds: 1n },
    });
    const address = {
      address: {
        case: 'socketAddress' as const,
        value: { address: '10.0.0.1', portSpecifier: { case: 'portValue' as const, value: 80 } },
      },
    };
    const endpoint = {
      address,
      totalIssuedRequests: 10n,
      totalSuccessfulRequests: 6n,
      totalErrorRequests: 3n,
      totalRequestsInProgress: 1n,
      loadMetricStats: [
        { metricName: 'named_metrics.gpu', numRequestsFinishedWithMetric: 2n, totalMetricValue: 1.5 },
      ],
    };
    const upstreamLocalityStats = [{ upstreamEndpointStats: [endpoint] }];
    stream.send({
      clusterStats: [{ clusterName: 'default/fraud/v1', upstreamLocalityStats, totalDroppedRequests: 4n }],
    });
    expect(await reported).toMatchObject({
      nodeId: 'sidecar-1',
      role: 'outbound',
      intervalMs: 1000,
      clusters: [
        {
          cluster: 'default/fraud/v1',
          dropped: 4,
          endpoints: [
            {
              address: '10.0.0.1',
              port: 80,
              issued: 10,
              successes: 6,
              errors: 3,
              inProgress: 1,
              metrics: { 'named_metrics.gpu': { count: 2, total: 1.5 } },
            },
          ],
        },
      ],
    });
  });
});

describe('starting and stopping', () => {
  test('a port in use is said with its remedy', async () => {
    const address = `127.0.0.1:${server.port}`;
    const second = serveXds({ address, nodes: { viewOf: () => '' } });
    await expect(second).rejects.toThrow(ListenFailed);
    await expect(second).rejects.toThrow(
      `xds: cannot listen on ${address}: the port is in use; stop what listens there`,
    );
  });

  test('at the end streams are told to connect again', async () => {
    const other = await serveXds({
      address: '127.0.0.1:0',
      nodes: { viewOf: () => 'all' },
    });
    const follower = new XdsClient(other.port);
    const stream = follower.delta();
    stream.send({ ...RDS });
    other.publish({ views: [['all', {}]] });
    await expect.poll(() => other.streams().length).toBe(1);
    await other.close();
    expect(await stream.ended).toMatchObject({ code: status.UNAVAILABLE });
    follower.close();
  });
});
