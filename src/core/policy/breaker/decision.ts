import type { BreakerPolicy } from '../../api/traffic-policy.ts';
import type { HistogramCounts, RequestCounts } from '../../observation/observation.ts';
import type { Reading } from '../../observation/reading.ts';
import type { Cusum } from '../../stats/cusum.ts';
import type { Fading, Window } from '../../stats/moving.ts';

export type BreakerPhase = 'CLOSED' | 'OPEN' | 'HALF_OPEN';

/** What a breaker judges by: of one version, or of all versions of a service summed by `sumVersions`. */
export interface BreakerObservation {
  readonly requests: Reading<RequestCounts>;
  readonly latencyMs: Reading<HistogramCounts>;
}

/**
 * Calls that were seen. `abandoned` ones are not among `requests`: they ended without an answer, which may be the
 * callers' own doing. `timed` and `slow` come from the latency histogram, which may be
 * missing.
 */
export interface CallCounts {
  readonly requests: number;
  readonly failures: number;
  readonly abandoned: number;
  readonly timed: number;
  readonly slow: number;
}

/** All that a breaker remembers: a plain value, saved as JSON and read back after a restart. */
export interface BreakerState {
  readonly phase: BreakerPhase;
  readonly phaseSinceMs: number;
  /** Why it is in this phase: a word for machines and a sentence for people. */
  readonly reason: string;
  readonly message: string;
  /** Time of the previous look. */
  readonly lastMs: number;
  /** OPEN: how long the sleep still lasts. */
  readonly sleepLeftMs: number;
  /** Trips soon after a recovery, in a row; the sleep doubles with each. */
  readonly relapses: number;
  /** CLOSED: how long already; a trip after a sleep window of health is a first one again. */
  readonly closedMs: number;
  /** HALF_OPEN: 0 for the probes, then the recovery steps. */
  readonly step: number;
  /** HALF_OPEN: seen at this step. */
  readonly sampled: CallCounts;
  /** CLOSED: what the ratio rule looks at, by the one or the other estimator. */
  readonly window: Window | undefined;
  readonly fading: Fading | undefined;
  /** CLOSED: failures above the threshold since they began. */
  readonly excess: Cusum;
  /** CLOSED: calls without an answer since hardly any other ended. */
  readonly hung: Cusum;
  /** CLOSED: 1 % failing against 10 %; warns long before the threshold. */
  readonly warning: Cusum;
  readonly warned: boolean;
}

export interface BreakerInput {
  readonly spec: BreakerPolicy;
  readonly observation: BreakerObservation;
  readonly state: BreakerState | undefined;
  /** Names the breaker; the jitter of its sleep is drawn from it, so that breakers do not probe in step. */
  readonly seed: string;
  /** The kill switch: evidence is gathered, nothing is changed. */
  readonly frozen: boolean;
  readonly nowMs: number;
}

export interface BreakerEvent {
  readonly atMs: number;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** Figures behind the phase, for people and plots; plain JSON. */
export interface BreakerEvidence {
  readonly source: 'window' | 'probes' | 'no data';
  readonly requests: number;
  readonly failures: number;
  readonly errorPercent: number;
  readonly slowPercent: number;
  /** Calls that ended without an answer, of all that were begun. */
  readonly abandonedPercent: number;
  readonly volumeThreshold: number;
  readonly errorThresholdPercent: number;
  readonly slowThresholdPercent: number;
  /** Failures above the threshold since they began, and requests since then. */
  readonly excessFailures: number;
  readonly requestsSinceExcess: number;
  readonly message: string;
}

export interface BreakerDecision {
  readonly state: BreakerState;
  /** Share of requests to let through, ten-thousandths. */
  readonly admitted: number;
  readonly events: readonly BreakerEvent[];
  readonly evidence: BreakerEvidence;
}
