/**
 * What Penstock says of itself: the read model behind `get`, `explain`, the HTTP API and the dashboard.
 * Plain JSON values; times are ms since the epoch, weights hundredths of a percent (sum 10000).
 */

export interface ServiceStatus {
  readonly namespace: string;
  readonly name: string;
  readonly hosts: readonly string[];
  readonly port: number;
  readonly versions: readonly VersionStatus[];
  /** Name of the rollout that owns the weights now, if one does. */
  readonly rollout: string | undefined;
  readonly breaker: BreakerPhase | undefined;
  /** How the spec that is in force came to be: `ok`, or why an edited file is not in force. */
  readonly spec: string;
}

export interface VersionStatus {
  readonly name: string;
  readonly weight: number;
  readonly requestsPerSecond: number | undefined;
  readonly errorPercent: number | undefined;
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number } | undefined;
  readonly endpoints: readonly EndpointStatus[];
  /** The demand for replicas; undefined without a `scaling` policy. */
  readonly demand: DemandStatus | undefined;
}

export interface DemandStatus {
  readonly replicas: number;
  /** Requests a second that clients offer; undefined: not known now. */
  readonly offeredPerSecond: number | undefined;
  readonly message: string;
  readonly sick: readonly string[];
}

export interface EndpointStatus {
  readonly address: string;
  readonly weight: number;
  readonly state: 'serving' | 'derated' | 'backup' | 'unknown';
  readonly requestsPerSecond: number | undefined;
  readonly errorPercent: number | undefined;
  readonly inFlight: number | undefined;
}

export type RolloutPhase =
  | 'Pending'
  | 'Warming'
  | 'Progressing'
  | 'Paused'
  | 'Frozen'
  | 'Holding'
  | 'Promoting'
  | 'Baking'
  | 'Completed'
  | 'RollingBack'
  | 'RolledBack'
  | 'Superseded';

export interface RolloutStatus {
  readonly namespace: string;
  readonly name: string;
  readonly service: string;
  readonly stable: string;
  readonly candidate: string;
  readonly phase: RolloutPhase;
  /** Why it is in this phase, for people. */
  readonly message: string;
  readonly weight: number;
  readonly step: number;
  readonly steps: readonly { readonly weight: number; readonly pauseMs: number | undefined }[];
  readonly startedAt: number;
  readonly phaseSince: number;
  /** Requests seen at this step of those that the certificate needs. */
  readonly requests: { readonly seen: number; readonly needed: number } | undefined;
  /** Parts of the traffic with weights of their own, in the order in which they are tried; the rest has `weight`. */
  readonly slices: readonly SliceStatus[];
  readonly gates: readonly GateStatus[];
  /** What both versions measured at this step, laid over each other; empty where no source has histograms. */
  readonly distributions: readonly DistributionStatus[];
  /** Sidecars that have not acknowledged the weights in force. */
  readonly laggards: readonly string[];
  readonly conditions: readonly Condition[];
}

export interface SliceStatus {
  readonly name: string;
  /** What belongs to it, in words: `x-region: eu`. */
  readonly match: string;
  /** The candidate's, of 10000. */
  readonly weight: number;
}

export interface GateStatus {
  readonly name: string;
  readonly type: string;
  readonly verdict: 'pass' | 'insufficient' | 'warning' | 'breach' | 'no-data';
  readonly dryRun: boolean;
  readonly message: string;
  readonly source: string;
  /** log10 of the evidence against the candidate, and the bound at which it is acted upon. */
  readonly log10Evidence: number | undefined;
  readonly log10Bound: number | undefined;
  readonly stable: number | undefined;
  readonly candidate: number | undefined;
  /** What `stable` and `candidate` are: `ratio`, `ms`, … */
  readonly unit: string;
}

/** One measure of both versions by bucket. */
export interface DistributionStatus {
  /** `latency` or `scores`. */
  readonly name: string;
  /** Of the bounds: `ms`, or `` for scores in [0, 1]. */
  readonly unit: string;
  /** Inclusive upper bounds, ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** Observations a bucket, not cumulative; one longer than `bounds`. */
  readonly stable: readonly number[];
  readonly candidate: readonly number[];
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: number;
}

export type BreakerPhase = 'CLOSED' | 'OPEN' | 'HALF_OPEN';

export interface BreakerStatus {
  readonly namespace: string;
  readonly service: string;
  /** Of a candidate on trial, which has a breaker of its own; undefined: that of the service. */
  readonly version: string | undefined;
  readonly phase: BreakerPhase;
  readonly since: number;
  readonly admitted: number;
  readonly message: string;
  readonly requests: number;
  readonly failures: number;
  readonly errorPercent: number | undefined;
  readonly fallback: string;
  readonly trips: number;
}

export interface LimitStatus {
  readonly namespace: string;
  readonly service: string;
  readonly name: string;
  readonly per: string;
  readonly requestsPerSecond: number;
  readonly burst: number;
  readonly shadow: boolean;
  /** Live rates over all sidecars that enforce it, where they report them. */
  readonly admittedPerSecond: number | undefined;
  readonly refusedPerSecond: number | undefined;
}

export interface SidecarStatus {
  readonly id: string;
  /** `outbound`, `inbound default/fraud/v1`, `istio` or `proxyless`. */
  readonly role: string;
  readonly address: string;
  readonly connectedAt: number;
  readonly protocol: 'delta' | 'sotw';
  readonly converged: boolean;
  readonly lagMs: number;
  readonly lastAckAt: number | undefined;
  readonly types: readonly {
    readonly type: string;
    readonly resources: number;
    readonly acknowledged: boolean;
  }[];
  readonly rejections: readonly { readonly type: string; readonly at: number; readonly message: string }[];
  readonly loadReportAt: number | undefined;
}

/** One link of signal → reason → configuration → acknowledgement. */
export interface DecisionRecord {
  readonly id: number;
  readonly at: number;
  /** `Rollout/default/fraud-v2`, `Breaker/default/fraud`, … */
  readonly subject: string;
  readonly service: string;
  /** CamelCase, as Kubernetes events have it: `StepAdvanced`, `RolledBack`, `BreakerOpened`. */
  readonly reason: string;
  readonly message: string;
  /** `penstock` for the loop, else who asked. */
  readonly actor: string;
  readonly evidence: unknown;
  readonly change: { readonly before: unknown; readonly after: unknown } | undefined;
  readonly resources: readonly { readonly type: string; readonly name: string; readonly version: string }[];
  readonly acknowledged:
    | {
        readonly by: number;
        readonly of: number;
        readonly lastAt: number | undefined;
        readonly laggards: readonly string[];
      }
    | undefined;
}

export interface ControllerStatus {
  readonly version: string;
  readonly startedAt: number;
  readonly frozen: boolean;
  readonly baseline: boolean;
  readonly specs: {
    readonly files: readonly string[];
    readonly loadedAt: number;
    /** Problems of files that are not in force; the last good configuration is. */
    readonly problems: readonly string[];
  };
  readonly prometheus:
    | {
        readonly url: string;
        readonly reachable: boolean;
        readonly lastSuccessAt: number | undefined;
        readonly error: string | undefined;
      }
    | undefined;
  readonly sidecars: { readonly connected: number; readonly converged: number; readonly rejections: number };
  /** Of several replicas on Kubernetes: which this is, and which decides (empty: none now). */
  readonly replica?:
    | {
        readonly identity: string;
        readonly leading: boolean;
        readonly leader: string;
        readonly leaderAddress: string;
      }
    | undefined;
  readonly pushToAckMs: { readonly p50: number; readonly p99: number; readonly count: number } | undefined;
}
