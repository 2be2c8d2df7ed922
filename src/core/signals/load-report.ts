import type { NodeDescriptor } from '../ir/node.ts';

/**
 * One load report of one sidecar (a `LoadStatsRequest` with cluster statistics), as plain values. All
 * counts are increments since that sidecar's previous report. A report without clusters is a report: it
 * says that there was no load, since Envoy leaves out clusters without any.
 */
export interface LoadReport {
  readonly nodeId: string;
  /** Only callers (`outbound`, `proxyless`, `istio`) see what a version answered; `inbound` ones are kept apart. */
  readonly role: NodeDescriptor['kind'];
  /** When it was received, ms since the epoch by this process's clock. */
  readonly at: number;
  /** The interval that was asked for, ms; after three of them without a report the reporter is lost. */
  readonly intervalMs: number;
  /**
   * Whether it is the first with statistics on its stream: what happened since the report before it is told
   * nowhere. Where this is not told, a report that is late is taken for one.
   */
  readonly firstOfStream?: boolean;
  readonly clusters: readonly ClusterLoad[];
}

/** Load of one cluster; localities and priorities are flattened into the endpoints. */
export interface ClusterLoad {
  /** `NAMESPACE/SERVICE/VERSION`, or `inbound/NAMESPACE/SERVICE/VERSION`; of Istio's sidecars their own name. */
  readonly cluster: string;
  readonly endpoints: readonly EndpointLoad[];
  /** What its counts span as the sidecar measured it (`load_report_interval`), ms; absent: not told. */
  readonly spanMs?: number;
  /** Requests dropped by the sidecar before any endpoint was chosen (`total_dropped_requests`). */
  readonly dropped: number;
}

/** Load of one endpoint of a cluster; trailers are counted (a gRPC failure is an error). */
export interface EndpointLoad {
  readonly address: string;
  readonly port: number;
  /** `total_issued_requests` */
  readonly issued: number;
  /** `total_successful_requests` */
  readonly successes: number;
  /** `total_error_requests` */
  readonly errors: number;
  /** `total_requests_in_progress`: a level at the end of the interval, not an increment. */
  readonly inProgress: number;
  /** ORCA metrics by name (`named_metrics.gpu`, `cpu_utilization`, …): how many answers carried it, and their sum. */
  readonly metrics: Readonly<Record<string, MetricLoad>>;
}

export interface MetricLoad {
  /** `num_requests_finished_with_metric` */
  readonly count: number;
  /** `total_metric_value` */
  readonly total: number;
}
