import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { NodeIdentity } from '../core/delta/facts.ts';
import type { ClusterLoad, EndpointLoad, LoadReport, MetricLoad } from '../core/signals/load-report.ts';
import type { ClusterStats, UpstreamEndpointStats } from '../gen/envoy/config/endpoint/v3/endpoint_pb.js';
import {
  type LoadStatsRequest,
  LoadStatsRequestSchema,
  LoadStatsResponseSchema,
} from '../gen/envoy/service/load_stats/v3/lrs_pb.js';
import { frameMessage } from '../grpc/messages.ts';
import type { Peer } from '../grpc/peer.ts';
import type { CallEnd } from '../grpc/status.ts';
import type { StreamingCall } from '../grpc/streaming-call.ts';
import { type NodeDirectory, NodeRefused } from './contract.ts';
import { identityOf, roleOf } from './node.ts';

export interface LoadReportOptions {
  readonly intervalMs: number;
  readonly now: () => number;
  readonly nodes: Pick<NodeDirectory, 'admit' | 'mayReport'>;
  opened(): void;
  report(report: LoadReport): void;
  closed(reason: 'client' | 'refused' | 'shutdown'): void;
}

/** The load reporting streams that are open. */
export class LoadReportStreams {
  readonly #options: LoadReportOptions;
  readonly #open = new Set<StreamingCall>();

  constructor(options: LoadReportOptions) {
    this.#options = options;
  }

  /**
   * Serves one stream: asks for every cluster's load, by endpoint, at the interval, and hands on each report
   * as it comes.
   */
  serve(call: StreamingCall): void {
    let node: NodeIdentity | undefined;
    let firstOfStream = true;
    this.#open.add(call);
    this.#options.opened();
    call.start({
      message: (bytes) => {
        try {
          const request = fromBinary(LoadStatsRequestSchema, bytes);
          if (node) {
            const report = loadReport(request, node, call.peer, this.#options);
            this.#options.report({ ...report, firstOfStream });
            firstOfStream = false;
          } else if (request.node) {
            const introduced = identityOf(request.node);
            this.#options.nodes.admit?.(introduced, call.peer);
            node = introduced;
            call.write(answer(this.#options.intervalMs)); // the first request only introduces the node
          } else throw new Error('the first request of a stream must carry node');
        } catch (error) {
          const message = error instanceof Error ? error.message : `${error}`;
          const code = error instanceof NodeRefused ? error.code : 'INVALID_ARGUMENT';
          this.#end(call, 'refused', { code, message });
        }
      },
      drained: () => {},
      closed: () => this.#end(call, 'client'),
    });
  }

  endAll(): void {
    const end = { code: 'UNAVAILABLE', message: 'the server is shutting down; connect again' } as const;
    for (const call of [...this.#open]) this.#end(call, 'shutdown', end);
  }

  #end(call: StreamingCall, why: 'client' | 'refused' | 'shutdown', end?: CallEnd): void {
    if (!this.#open.delete(call)) return;
    this.#options.closed(why);
    if (end) call.end(end);
  }
}

function answer(intervalMs: number): Buffer {
  const seconds = Math.floor(intervalMs / 1000);
  const loadReportingInterval = {
    seconds: BigInt(seconds),
    nanos: Math.round((intervalMs - seconds * 1000) * 1e6),
  };
  const response = create(LoadStatsResponseSchema, {
    sendAllClusters: true,
    reportEndpointGranularity: true,
    loadReportingInterval,
  });
  return frameMessage(toBinary(LoadStatsResponseSchema, response));
}

function loadReport(
  request: LoadStatsRequest,
  node: NodeIdentity,
  peer: Peer,
  { nodes, now, intervalMs }: LoadReportOptions,
): LoadReport {
  const believed = request.clusterStats.filter(
    ({ clusterName }) => nodes.mayReport?.(node, peer, clusterName) ?? true,
  );
  return { nodeId: node.id, role: roleOf(node), at: now(), intervalMs, clusters: believed.map(clusterLoad) };
}

function clusterLoad(stats: ClusterStats): ClusterLoad {
  const { seconds = 0n, nanos = 0 } = stats.loadReportInterval ?? {};
  const spanMs = 1000 * Number(seconds) + nanos / 1e6;
  return {
    cluster: stats.clusterName,
    endpoints: stats.upstreamLocalityStats.flatMap((l) =>
      l.upstreamEndpointStats.flatMap((e) => endpointLoad(e) ?? []),
    ),
    dropped: Number(stats.totalDroppedRequests),
    ...(spanMs > 0 ? { spanMs } : {}),
  };
}

/** Undefined for an endpoint without an IP address and port, such as a pipe. */
function endpointLoad(stats: UpstreamEndpointStats): EndpointLoad | undefined {
  const address = stats.address?.address;
  if (address?.case !== 'socketAddress' || address.value.portSpecifier.case !== 'portValue') return undefined;
  const metrics: Record<string, MetricLoad> = {};
  for (const metric of stats.loadMetricStats) {
    metrics[metric.metricName] = {
      count: Number(metric.numRequestsFinishedWithMetric),
      total: metric.totalMetricValue,
    };
  }
  return {
    address: address.value.address,
    port: address.value.portSpecifier.value,
    issued: Number(stats.totalIssuedRequests),
    successes: Number(stats.totalSuccessfulRequests),
    errors: Number(stats.totalErrorRequests),
    inProgress: Number(stats.totalRequestsInProgress),
    metrics,
  };
}
