import { fromBinary } from '@bufbuild/protobuf';
import type { NodeIdentity } from '../core/delta/facts.ts';
import type { HistogramCounts } from '../core/observation/observation.ts';
import type { ClusterLatency, LatencyReport, LimitCounts } from '../core/signals/latency-report.ts';
import {
  type StreamMetricsMessage,
  StreamMetricsMessageSchema,
} from '../gen/envoy/service/metrics/v3/metrics_service_pb.js';
import type { Histogram, MetricFamily } from '../gen/io/prometheus/client/metrics_pb.js';
import type { Peer } from '../grpc/peer.ts';
import type { CallEnd } from '../grpc/status.ts';
import type { StreamingCall } from '../grpc/streaming-call.ts';
import { type NodeDirectory, NodeRefused } from './contract.ts';
import { identityOf, roleOf } from './node.ts';

export interface MetricsServiceOptions {
  readonly now: () => number;
  readonly nodes: Pick<NodeDirectory, 'admit' | 'mayReport'>;
  opened(): void;
  report(report: LatencyReport): void;
  closed(reason: 'client' | 'refused' | 'shutdown'): void;
}

/**
 * Envoy's name of the histogram of a cluster's latencies, where its tags are labels (`emit_tags_as_labels`): in a
 * name with everything in it a version called `v1.external` cannot be told from its calls from outside.
 */
const LATENCIES = 'cluster.upstream_rq_time';
const CLUSTER_TAG = 'envoy.cluster_name';
/** Counters of limits, and what stands before their names. */
const LIMIT_COUNTERS: ReadonlyMap<string, Exclude<keyof LimitCounts, 'prefix'>> = new Map([
  ['http_local_rate_limit.enabled', 'seen'],
  ['http_local_rate_limit.rate_limited', 'limited'],
  ['http_local_rate_limit.enforced', 'refused'],
]);
const LIMIT_TAG = 'envoy.local_http_ratelimit_prefix';
/** Envoy has twenty. Sums compare all bounds with all: a message that is full of them would keep everybody waiting. */
const MOST_BUCKETS = 256;
/** Clusters of versions; those of the sidecar itself are nobody's latency. */
const OF_A_VERSION = /^(inbound\/)?[^/]+\/[^/]+\/[^/]+$/;

/** The streams on which sidecars push their statistics (`stats_sinks`: `envoy.stat_sinks.metrics_service`). */
export class MetricsStreams {
  readonly #options: MetricsServiceOptions;
  readonly #open = new Set<StreamingCall>();

  constructor(options: MetricsServiceOptions) {
    this.#options = options;
  }

  /** Serves one stream: hands on the latencies and the counters of limits in each message, and passes over the rest. */
  serve(call: StreamingCall): void {
    let node: NodeIdentity | undefined;
    this.#open.add(call);
    this.#options.opened();
    call.start({
      message: (bytes) => {
        try {
          const message = fromBinary(StreamMetricsMessageSchema, bytes);
          if (!node) {
            if (!message.identifier?.node)
              throw new Error('the first message of a stream must carry identifier.node');
            const introduced = identityOf(message.identifier.node);
            this.#options.nodes.admit?.(introduced, call.peer);
            node = introduced;
          }
          this.#report(message, node, call.peer);
        } catch (error) {
          const why = error instanceof Error ? error.message : `${error}`;
          const code = error instanceof NodeRefused ? error.code : 'INVALID_ARGUMENT';
          this.#end(call, 'refused', { code, message: why });
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

  #report(message: StreamMetricsMessage, node: NodeIdentity, peer: Peer): void {
    const { nodes, now, report } = this.#options;
    const clusters = message.envoyMetrics
      .flatMap(latenciesOf)
      .filter(({ cluster }) => nodes.mayReport?.(node, peer, cluster) ?? true);
    // Without any it still tells that the sidecar is there, and that nothing was answered.
    const role = roleOf(node);
    const limits = role === 'inbound' ? message.envoyMetrics.flatMap(limitCountsOf) : [];
    report({ nodeId: node.id, role, at: now(), clusters, ...(limits.length === 0 ? {} : { limits }) });
  }

  #end(call: StreamingCall, why: 'client' | 'refused' | 'shutdown', end?: CallEnd): void {
    if (!this.#open.delete(call)) return;
    this.#options.closed(why);
    if (end) call.end(end);
  }
}

/** The latencies in a family of metrics: none, unless it is the histogram of versions' requests. */
function latenciesOf({ name, metric }: MetricFamily): ClusterLatency[] {
  if (name !== LATENCIES) return [];
  return metric.flatMap(({ label, histogram }) => {
    const cluster = label.find((pair) => pair.name === CLUSTER_TAG)?.value;
    if (!histogram || histogram.sampleCount === 0n || histogram.bucket.length > MOST_BUCKETS) return [];
    if (cluster === undefined || !OF_A_VERSION.test(cluster)) return [];
    return [{ cluster, histogram: countsOf(histogram), sumMs: histogram.sampleSum }];
  });
}

/** The counters in a family of metrics that tell of limits. */
function limitCountsOf({ name, metric }: MetricFamily): LimitCounts[] {
  const counter = LIMIT_COUNTERS.get(name);
  if (counter === undefined) return [];
  return metric.flatMap(({ label, counter: given }) => {
    const prefix = label.find((pair) => pair.name === LIMIT_TAG)?.value;
    return given === undefined || prefix === undefined ? [] : [{ prefix, [counter]: given.value }];
  });
}

/** Cumulative buckets as counts between bounds. */
function countsOf({ bucket, sampleCount }: Histogram): HistogramCounts {
  const ascending = bucket
    .filter((b) => Number.isFinite(b.upperBound))
    .sort((a, b) => a.upperBound - b.upperBound);
  let below = 0;
  const counts = [...ascending.map((b) => Number(b.cumulativeCount)), Number(sampleCount)].map(
    (cumulative) => {
      const own = Math.max(0, cumulative - below);
      below = Math.max(below, cumulative);
      return own;
    },
  );
  return { bounds: ascending.map((b) => b.upperBound), counts };
}
