/**
 * The intermediate representation: what the sidecars shall do, in the words of traffic and not of Envoy.
 * Assembled from specs, decisions and endpoints; translated to xDS resources. Frozen values, no behaviour.
 */

/** Sum of the weights of every split, for ever: a constant total keeps users where they are (see docs/decisions). */
export const TOTAL_WEIGHT = 10_000;

export interface ServiceIr {
  /** `NAMESPACE/NAME`; the name of its route configuration. */
  readonly id: string;
  /** Authorities that clients dial, without port. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly protocol: 'grpc' | 'http';
  readonly versions: readonly VersionIr[];
  readonly routing: RoutingIr;
  /** Its sidecars prove who they are, and ask callers to: patterns of the identities that they may have. */
  readonly mtls?: { readonly identities: readonly string[] };
  /** What inbound sidecars enforce. */
  readonly limits: readonly LimitIr[];
}

export interface VersionIr {
  readonly name: string;
  /** `NAMESPACE/SERVICE/VERSION`; the name of its cluster and of its endpoints. */
  readonly cluster: string;
  readonly endpoints: readonly EndpointIr[];
  readonly balancing: BalancingIr;
  readonly outlierDetection: OutlierDetectionIr | undefined;
  readonly healthCheck: HealthCheckIr | undefined;
  readonly connectTimeoutMs: number;
  /** Requests that one sidecar may have under way; undefined: no bound of ours. */
  readonly maxRequests: number | undefined;
  readonly retryBudgetPercent: number;
  readonly protocol: 'grpc' | 'http';
}

export interface EndpointIr {
  readonly address: string;
  readonly port: number;
  /** 1 … 10000; the static weight times the derating that was decided. */
  readonly weight: number;
  readonly zone: string;
  /** The tier, 0 tried first, without gaps; backups are the last. */
  readonly priority: number;
  readonly health: 'healthy' | 'degraded' | 'draining';
}

export interface BalancingIr {
  readonly policy: 'LeastRequest' | 'RoundRobin' | 'Random' | 'Maglev' | 'RingHash' | 'Utilization';
  readonly slowStartMs: number;
  /** For Maglev and RingHash: what keeps a session on its instance. */
  readonly affinity: readonly HashKeyIr[];
  /** For Utilization: ORCA metrics in Envoy's words (`named_metrics.gpu`), the greatest counts. */
  readonly utilizationMetrics: readonly string[];
}

export interface OutlierDetectionIr {
  readonly consecutiveErrors: number;
  readonly intervalMs: number;
  readonly ejectionTimeMs: number;
  readonly maxEjectionPercent: number;
  readonly failureRate: { readonly thresholdPercent: number; readonly minRequests: number } | undefined;
}

export interface HealthCheckIr {
  readonly kind: 'grpc' | 'http';
  /** gRPC service name or HTTP path. */
  readonly target: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Failures in a row that take an endpoint out. */
  readonly unhealthyThreshold: number;
  /** Successes in a row that bring it back. */
  readonly healthyThreshold: number;
}

/** Where a user's or a session's identity is read. */
export type HashKeyIr = { readonly kind: 'header'; readonly name: string } | { readonly kind: 'sourceIp' };

export interface RoutingIr {
  /** What a user is recognised by, first match wins; none: each request is drawn anew. */
  readonly stickiness: readonly HashKeyIr[];
  /** Mixed into the user's hash, one a rollout, so that not always the same users go first. */
  readonly salt: string;
  /** Slices with weights of their own, tried in order before `weights`. */
  readonly slices: readonly SliceIr[];
  /** In the spec's order of versions, every version named, sum TOTAL_WEIGHT. */
  readonly weights: readonly WeightIr[];
  readonly breaker: BreakerIr | undefined;
  /** From the end of the request to the end of the answer; 0: no bound. A caller's shorter deadline rules. */
  readonly requestTimeoutMs: number;
  /** Without a byte in either direction; 0: no bound. */
  readonly idleTimeoutMs: number;
  /** Life of a stream from its first byte; 0: no bound. */
  readonly streamTimeoutMs: number;
  readonly retries: RetriesIr | undefined;
  readonly mirror: { readonly version: string; readonly percent: number } | undefined;
}

export interface WeightIr {
  readonly version: string;
  readonly weight: number;
}

export interface SliceIr {
  /** All of one entry must match; one of the entries suffices. */
  readonly matches: readonly MatchIr[];
  readonly weights: readonly WeightIr[];
}

/** All given parts must match. */
export interface MatchIr {
  readonly headers: readonly {
    readonly name: string;
    readonly value: string;
    readonly kind: 'exact' | 'prefix' | 'regex' | 'present';
  }[];
  readonly path: string | undefined;
  readonly pathPrefix: string | undefined;
}

export interface BreakerIr {
  /** Share of requests that reach the versions, in hundredths of a percent: 10000 closed, 0 open. */
  readonly admitted: number;
  /** Requests that are never refused. */
  readonly bypass: readonly MatchIr[];
  readonly fallback: FallbackIr;
}

export type FallbackIr =
  | {
      /** The last answer to the same input, from the cache at this address. */
      readonly kind: 'cached';
      readonly host: string;
      readonly port: number;
      /** An older answer is none. */
      readonly ttlMs: number;
      readonly maxEntries: number;
    }
  | {
      readonly kind: 'cluster' /** `NAMESPACE/SERVICE/VERSION` */;
      readonly cluster: string;
      readonly label: string;
    }
  | {
      readonly kind: 'response';
      readonly grpcStatus: number;
      readonly httpStatus: number;
      readonly message: string;
      readonly headers: readonly { readonly name: string; readonly value: string }[];
    };

export interface RetriesIr {
  readonly attempts: number;
  /** gRPC status names in Envoy's `retry_on` words, or HTTP conditions. */
  readonly on: readonly string[];
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** Bound of each try; undefined: the request's timeout alone. */
  readonly perTryTimeoutMs: number | undefined;
  /** A retry draws the version anew. */
  readonly rescue: boolean;
  /** A second try starts beside the first after this long; undefined: never. */
  readonly hedgeAfterMs: number | undefined;
}

/** A token bucket for each client, kept by the inbound sidecar. */
export interface LimitIr {
  /** Unique in the service. */
  readonly name: string;
  readonly per: readonly LimitKeyIr[];
  /** Only requests that match one of these; empty: all. */
  readonly matches: readonly MatchIr[];
  readonly requestsPerSecond: number;
  readonly burst: number;
  /**
   * Of a global limit: what each inbound sidecar enforces of the rate, requests a second by node id. Undefined: each
   * enforces the whole rate.
   */
  readonly shares: Readonly<Record<string, number>> | undefined;
  /** What it matches is counted by itself: its rate or its shares are decided by that, not by all calls. */
  readonly counted: boolean;
  readonly shadow: boolean;
}

export type LimitKeyIr =
  | { readonly kind: 'sourceIp' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'method' }
  /** Each version by itself: an inbound sidecar serves one version, so its buckets are that already. */
  | { readonly kind: 'version' };
