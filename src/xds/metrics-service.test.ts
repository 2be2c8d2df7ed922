import { create, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LatencyReport } from '../core/signals/latency-report.ts';
import {
  StreamMetricsMessageSchema,
  StreamMetricsResponseSchema,
} from '../gen/envoy/service/metrics/v3/metrics_service_pb.js';
import { MetricType } from '../gen/io/prometheus/client/metrics_pb.js';
import type { NodeDirectory, XdsServer } from './contract.ts';
import { XdsClient } from './xds-client-fixture.ts';
import { serveXds } from './xds-server.ts';

const PATH = '/envoy.service.metrics.v3.MetricsService/StreamMetrics';
const IDENTIFIER = { node: { id: 'sidecar-1', metadata: { penstock: { kind: 'outbound' } } } };
const INBOUND = {
  penstock: {
    kind: 'inbound',
    service: 'default/fraud',
    version: 'v1',
    address: '127.0.0.1',
    port: 9000,
    appPort: 9001,
  },
};
const nodes: NodeDirectory = { viewOf: () => 'all' };

let server: XdsServer;
let client: XdsClient;
let reported: Promise<LatencyReport>;

beforeEach(async () => {
  const { promise, resolve } = Promise.withResolvers<LatencyReport>();
  reported = promise;
  server = await serveXds({
    address: '127.0.0.1:0',
    nodes,
    listener: { latencyReport: resolve },
    now: () => 7,
  });
  client = new XdsClient(server.port);
});

afterEach(async () => {
  client.close();
  await server.close();
});

const push = () => client.stream(PATH, StreamMetricsMessageSchema, StreamMetricsResponseSchema);

function latencies(cluster: string, cumulative: readonly bigint[], sampleCount: bigint) {
  const bucket = cumulative.map((cumulativeCount, i) => ({
    cumulativeCount,
    upperBound: [1, 10, 100][i] ?? 0,
  }));
  return {
    label: [{ name: 'envoy.cluster_name', value: cluster }],
    histogram: { sampleCount, sampleSum: 250, bucket },
  };
}

test('latencies of versions are told as counts by bucket, everything else is passed over', async () => {
  const stream = push();
  stream.send({
    identifier: IDENTIFIER,
    envoyMetrics: [
      { name: 'cluster.upstream_rq_total', type: MetricType.COUNTER, metric: [{ counter: { value: 3 } }] },
      {
        name: 'cluster.upstream_rq_time',
        type: MetricType.HISTOGRAM,
        metric: [
          latencies('default/fraud/v1', [1n, 4n, 4n], 5n),
          latencies('default/fraud/v2', [0n, 0n, 0n], 0n),
          latencies('xds', [1n, 1n, 1n], 1n),
        ],
      },
      { name: 'cluster.external.upstream_rq_time', metric: [latencies('default/fraud/v1', [1n], 1n)] },
    ],
  });
  expect(await reported).toEqual({
    nodeId: 'sidecar-1',
    role: 'outbound',
    at: 7,
    clusters: [
      { cluster: 'default/fraud/v1', histogram: { bounds: [1, 10, 100], counts: [1, 3, 0, 1] }, sumMs: 250 },
    ],
  });
});

test('a histogram with more buckets than anybody asks for is passed over', async () => {
  const stream = push();
  const bucket = Array.from({ length: 257 }, (_, i) => ({ cumulativeCount: 1n, upperBound: i }));
  stream.send({
    identifier: IDENTIFIER,
    envoyMetrics: [
      {
        name: 'cluster.upstream_rq_time',
        type: MetricType.HISTOGRAM,
        metric: [
          { ...latencies('default/fraud/v1', [], 1n), histogram: { sampleCount: 1n, sampleSum: 1, bucket } },
        ],
      },
    ],
  });
  expect((await reported).clusters).toEqual([]);
});

test('counters of limits are told of sidecars in front of model servers', async () => {
  const stream = push();
  const family = (name: string, prefix: string, value: number) => ({
    name,
    type: MetricType.COUNTER,
    metric: [{ label: [{ name: 'envoy.local_http_ratelimit_prefix', value: prefix }], counter: { value } }],
  });
  stream.send({
    identifier: { node: { id: 'sidecar-2', metadata: INBOUND } },
    envoyMetrics: [
      family('http_local_rate_limit.enabled', 'default/fraud/offered/all', 9),
      family('http_local_rate_limit.rate_limited', 'default/fraud/offered/all', 5),
      family('http_local_rate_limit.enforced', 'default/fraud/limits/all', 2),
      family('http_local_rate_limit.ok', 'default/fraud/limits/all', 7),
    ],
  });
  expect(await reported).toEqual({
    nodeId: 'sidecar-2',
    role: 'inbound',
    at: 7,
    clusters: [],
    limits: [
      { prefix: 'default/fraud/offered/all', seen: 9 },
      { prefix: 'default/fraud/offered/all', limited: 5 },
      { prefix: 'default/fraud/limits/all', refused: 2 },
    ],
  });
});

test.each([
  ['a message without a node', Buffer.alloc(0), 'must carry identifier.node'],
  ['bytes that are no message', Buffer.from([0x0a, 0xff]), ''],
])('%s ends its stream', async (_, bytes, details) => {
  const stream = push();
  stream.call.write(bytes);
  expect(await stream.ended).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining(details),
  });
});

test('a server that nobody asks for latencies says so', async () => {
  const other = await serveXds({ address: '127.0.0.1:0', nodes });
  const sidecar = new XdsClient(other.port);
  const stream = sidecar.stream(PATH, StreamMetricsMessageSchema, StreamMetricsResponseSchema);
  const message = create(StreamMetricsMessageSchema, { identifier: IDENTIFIER });
  stream.call.write(Buffer.from(toBinary(StreamMetricsMessageSchema, message)));
  expect(await stream.ended).toMatchObject({ code: status.UNIMPLEMENTED });
  sidecar.close();
  await other.close();
});
