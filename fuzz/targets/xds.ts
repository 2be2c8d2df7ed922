import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  namesIn,
  parseDeltaRequest,
  parseSotwRequest,
  SUBSCRIBE,
  versionsIn,
} from '../../src/core/delta/request.ts';
import { bytesField, textField } from '../../src/core/delta/wire.ts';
import { addReports, EMPTY_LOAD, requestsOf } from '../../src/core/signals/load-aggregate.ts';
import type { LoadReport } from '../../src/core/signals/load-report.ts';
import { addPushed, EMPTY_PUSHED, readPushed, sightPushers } from '../../src/core/signals/pushed-latency.ts';
import { nodeMetadata } from '../../src/core/translate/node-metadata.ts';
import { NodeSchema } from '../../src/gen/envoy/config/core/v3/core_pb.js';
import { LoadStatsRequestSchema } from '../../src/gen/envoy/service/load_stats/v3/lrs_pb.js';
import { StreamMetricsMessageSchema } from '../../src/gen/envoy/service/metrics/v3/metrics_service_pb.js';
import { MetricType } from '../../src/gen/io/prometheus/client/metrics_pb.js';
import type { CallEnd } from '../../src/grpc/status.ts';
import type { CallHandler, StreamingCall } from '../../src/grpc/streaming-call.ts';
import { LoadReportStreams } from '../../src/xds/load-reports.ts';
import { MetricsStreams } from '../../src/xds/metrics-service.ts';
import { decodeNode, roleOf } from '../../src/xds/node.ts';
import { promise, type Target } from '../target.ts';

const CLUSTERS = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const CLUSTER = 'default/fraud/v1';
const WATCHED = new Set([CLUSTER]);

const version = bytesField(5, Buffer.concat([textField(1, 'a'), textField(2, 'b3c1')]));
/** A delta request with one of each field. */
export const DELTA_REQUEST = Buffer.concat([
  bytesField(1, textField(1, 'sidecar-1')),
  textField(2, CLUSTERS),
  textField(3, CLUSTER),
  textField(4, 'default/fraud/v2'),
  version,
  textField(6, '17'),
  bytesField(7, textField(2, 'no such cluster')),
]);
/** The same in state of the world. */
export const SOTW_REQUEST = Buffer.concat([
  textField(1, 'v1'),
  bytesField(2, textField(1, 'sidecar-1')),
  textField(3, CLUSTER),
  textField(4, CLUSTERS),
  textField(5, '17'),
]);

const node: MessageInitShape<typeof NodeSchema> = {
  id: 'sidecar-1',
  cluster: 'shop',
  userAgentName: 'envoy',
  userAgentVersionType: {
    case: 'userAgentBuildVersion',
    value: { version: { majorNumber: 1, minorNumber: 38, patch: 3 } },
  },
  locality: { zone: 'a' },
  metadata: { ...nodeMetadata({ kind: 'outbound', address: '127.0.0.1', port: 15_001 }) } as never,
};
const NODE = bytesOf(toBinary(NodeSchema, create(NodeSchema, node)));

const INTRODUCTION = bytesOf(toBinary(LoadStatsRequestSchema, create(LoadStatsRequestSchema, { node })));
const LOAD = bytesOf(
  toBinary(
    LoadStatsRequestSchema,
    create(LoadStatsRequestSchema, {
      clusterStats: [
        {
          clusterName: CLUSTER,
          totalDroppedRequests: 1n,
          upstreamLocalityStats: [
            {
              upstreamEndpointStats: [
                {
                  address: {
                    address: {
                      case: 'socketAddress',
                      value: { address: '10.0.0.1', portSpecifier: { case: 'portValue', value: 9000 } },
                    },
                  },
                  totalIssuedRequests: 12n,
                  totalSuccessfulRequests: 9n,
                  totalErrorRequests: 1n,
                  totalRequestsInProgress: 2n,
                  loadMetricStats: [
                    { metricName: 'cpu', numRequestsFinishedWithMetric: 9n, totalMetricValue: 4.5 },
                  ],
                },
              ],
            },
          ],
        },
      ],
    }),
  ),
);
const METRICS = bytesOf(
  toBinary(
    StreamMetricsMessageSchema,
    create(StreamMetricsMessageSchema, {
      identifier: { node },
      envoyMetrics: [
        {
          name: 'cluster.upstream_rq_time',
          type: MetricType.HISTOGRAM,
          metric: [
            {
              label: [{ name: 'envoy.cluster_name', value: CLUSTER }],
              histogram: {
                sampleCount: 10n,
                sampleSum: 123.5,
                bucket: [
                  { cumulativeCount: 4n, upperBound: 5 },
                  { cumulativeCount: 9n, upperBound: 10 },
                  { cumulativeCount: 10n, upperBound: Number.POSITIVE_INFINITY },
                ],
              },
            },
          ],
        },
      ],
    }),
  ),
);

class StreamRefused extends Error {
  override readonly name = 'StreamRefused';
}

/** A stream of one client, which says these messages. @throws {StreamRefused} where the server ends it */
function says(serve: (call: StreamingCall) => void, ...messages: readonly Buffer[]): void {
  let handler: CallHandler | undefined;
  let ended: CallEnd | undefined;
  const call = {
    peer: { address: '127.0.0.1:1', identity: undefined },
    start: (given: CallHandler) => {
      handler = given;
    },
    write: () => true,
    end: (how: CallEnd) => {
      ended = how;
    },
  };
  serve(call as unknown as StreamingCall);
  for (const message of messages) if (ended === undefined) handler?.message(message);
  handler?.closed();
  if (ended !== undefined) throw new StreamRefused(JSON.stringify(ended));
}

const QUIET = { opened: () => {}, closed: () => {}, nodes: {} };
let clock = 1_700_000_000_000;
const now = () => clock;

let book = EMPTY_LOAD;
const loads = new LoadReportStreams({
  ...QUIET,
  now,
  intervalMs: 1_000,
  report: (report: LoadReport) => {
    clock += 1_000;
    book = addReports(book, [report], WATCHED, clock);
    const { requests, failures, abandoned = 0 } = requestsOf(book, CLUSTER);
    promise(requests >= failures && failures >= 0 && abandoned >= 0, 'counts are counts');
    promise(Number.isFinite(requests + abandoned), 'counts are finite');
  },
});

let pushed = EMPTY_PUSHED;
const latencies = new MetricsStreams({
  ...QUIET,
  now,
  report: (report) => {
    clock += 1_000;
    pushed = addPushed(pushed, [report], WATCHED, clock);
    const reading = readPushed(pushed, CLUSTER, sightPushers(pushed, clock));
    if (reading.kind !== 'value') return;
    const { bounds, counts } = reading.value;
    promise(counts.length === bounds.length + 1, 'a histogram has a count for each bound, and one more');
    promise(
      counts.every((count) => count >= 0 && Number.isFinite(count)),
      'counts are counts',
    );
    promise(
      bounds.every((bound, i) => Number.isFinite(bound) && bound >= (bounds[i - 1] ?? bound)),
      'bounds ascend',
    );
  },
});

/** What sidecars tell the control plane. */
export const XDS_TARGETS: readonly Target[] = [
  {
    name: 'xds-delta-request',
    seeds: [DELTA_REQUEST],
    read: (bytes) => {
      const { rawNames, initialVersions } = parseDeltaRequest(bytes);
      if (rawNames) namesIn(rawNames, SUBSCRIBE, 1_000);
      if (initialVersions) versionsIn(initialVersions);
    },
    refuses: ['MalformedMessage', 'RequestRefused'],
  },
  {
    name: 'xds-sotw-request',
    seeds: [SOTW_REQUEST],
    read: (bytes) => void parseSotwRequest(bytes, [Buffer.from('\u001a\u0003abc')]),
    refuses: ['MalformedMessage'],
  },
  {
    name: 'xds-node',
    seeds: [NODE],
    read: (bytes) => void roleOf(decodeNode(bytes)),
    refuses: ['MalformedMessage'],
  },
  {
    name: 'xds-load-report',
    seeds: [LOAD],
    read: (bytes) => says((call) => loads.serve(call), INTRODUCTION, bytes),
    refuses: ['StreamRefused'],
  },
  {
    name: 'xds-metrics',
    seeds: [METRICS],
    read: (bytes) => says((call) => latencies.serve(call), bytes),
    refuses: ['StreamRefused'],
  },
];

function bytesOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
