import type { Reading } from './reading.ts';

/** Requests finished since the previous look. A gRPC failure is told by `grpc-status`, never by HTTP 200. */
export interface RequestCounts {
  readonly requests: number;
  /** Of those, the failed ones; 0 ≤ failures ≤ requests. */
  readonly failures: number;
  /**
   * Not among `requests`: those that ended without an answer, since the caller gave up or its deadline
   * passed in the sidecar. A version that hangs has no others. Undefined where the source cannot tell.
   */
  readonly abandoned?: number;
}

/** Observations since the previous look, by bucket. */
export interface HistogramCounts {
  /** Inclusive upper bounds, ascending, without +Inf. Milliseconds for latency, [0, 1] for scores. */
  readonly bounds: readonly number[];
  /** Not cumulative; one longer than `bounds`, the last counts everything above. */
  readonly counts: readonly number[];
}

/** One instance of a version, seen from the callers' sidecars. */
export interface EndpointObservation {
  /** `ADDRESS:PORT` as in the spec. */
  readonly address: string;
  readonly requests: Reading<RequestCounts>;
  /** Requests under way at the moment of the report, summed over the callers. */
  readonly inFlight: Reading<number>;
  /** Mean utilisation in [0, 1] as the model server reports it by ORCA. */
  readonly utilization: Reading<number>;
  /** Mean queue length as the model server reports it by ORCA. */
  readonly queue: Reading<number>;
  /** Mean latency since the previous look where a source tells it, ms. */
  readonly latencyMs: Reading<number>;
}

/** One version of a service. Counts are increments since the previous look of the same policy loop. */
export interface VersionObservation {
  readonly requests: Reading<RequestCounts>;
  readonly latencyMs: Reading<HistogramCounts>;
  /** Distribution of the model's own score (its highest probability). */
  readonly scores: Reading<HistogramCounts>;
  readonly endpoints: readonly EndpointObservation[];
  /** Where each of them was read, as `explain` shows it: `load reports of 3 sidecars` or the series. */
  readonly sources: { readonly requests: string; readonly latencyMs: string; readonly scores: string };
}

/** All that is known of one service at one look. */
export interface ServiceObservation {
  /** `NAMESPACE/NAME`. */
  readonly service: string;
  /** Time of the look, ms since the epoch. */
  readonly at: number;
  readonly versions: ReadonlyMap<string, VersionObservation>;
  /** Results of the Query gates by key `ROLLOUT/GATE/VERSION`; a scalar each. */
  readonly queries: ReadonlyMap<string, Reading<number>>;
}
