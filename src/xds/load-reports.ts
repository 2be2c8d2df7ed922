import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type { NodeIdentity } from '../core/delta/facts.ts';
import type { NodeDescriptor } from '../core/ir/node.ts';
import type { ClusterLoad, EndpointLoad, LoadReport, MetricLoad } from '../core/signals/load-report.ts';
import type { ClusterStats, UpstreamEndpointStats } from '../gen/envoy/config/endpoint/v3/endpoint_pb.js';
import {
  type LoadStatsRequest,
  LoadStatsRequestSchema,
  LoadStatsResponseSchema,
} from '../gen/envoy/service/load_stats/v3/lrs_pb.js';
import type { RawCall } from './call-sink.ts';
import { identityOf } from './node.ts';

export interface LoadReportOptions {
  readonly intervalMs: number;
  readonly now: () => number;
  roleOf(node: NodeIdentity): NodeDescriptor['kind'];
  report(report: LoadReport): void;
  closed(reason: 'client' | 'refused' | 'shutdown'): void;
}

/** The load reporting streams that are open. */
export class LoadReportStreams {
  readonly #options: LoadReportOptions;
  readonly #open = new Set<RawCall>();

  constructor(options: LoadReportOptions) {
    this.#options = options;
  }

  /**
   * Serves one stream: asks for every cluster's load, by endpoint, at the interval, and hands on each report
   * as it comes.
   */
  serve(call: RawCall): void {
    let node: NodeIdentity | undefined;
    this.#open.add(call);
    call.on('data', (bytes: Buffer) => {
      if (!this.#open.has(call)) return;
      try {
        const request = fromBinary(LoadStatsRequestSchema, bytes);
        if (node) {
          this.#options.report(loadReport(request, node, this.#options));
          return;
        }
        if (!request.node) throw new Error('the first request of a stream must carry node');
        node = identityOf(request.node);
        call.write(answer(this.#options.intervalMs)); // the first request only introduces the node
      } catch (error) {
        const details = error instanceof Error ? error.message : `${error}`;
        this.#end(call, 'refused', { code: status.INVALID_ARGUMENT, details });
      }
    });
    call.on('cancelled', () => this.#end(call, 'client'));
    call.on('error', () => this.#end(call, 'client'));
    call.on('end', () => {
      this.#end(call, 'client');
      call.end();
    });
  }

  endAll(): void {
    const reason = { code: status.UNAVAILABLE, details: 'the server is shutting down; connect again' };
    for (const call of [...this.#open]) this.#end(call, 'shutdown', reason);
  }

  #end(
    call: RawCall,
    why: 'client' | 'refused' | 'shutdown',
    error?: { code: status; details: string },
  ): void {
    if (!this.#open.delete(call)) return;
    this.#options.closed(why);
    if (error) call.emit('error', error);
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
  return Buffer.from(toBinary(LoadStatsResponseSchema, response));
}

function loadReport(request: LoadStatsRequest, node: NodeIdentity, options: LoadReportOptions): LoadReport {
  return {
    nodeId: node.id,
    role: options.roleOf(node),
    at: options.now(),
    intervalMs: options.intervalMs,
    clusters: request.clusterStats.map(clusterLoad),
  };
}

function clusterLoad(stats: ClusterStats): ClusterLoad {
  return {
    cluster: stats.clusterName,
    endpoints: stats.upstreamLocalityStats.flatMap((l) =>
      l.upstreamEndpointStats.flatMap((e) => endpointLoad(e) ?? []),
    ),
    dropped: Number(stats.totalDroppedRequests),
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
