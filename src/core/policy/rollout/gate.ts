import type { RolloutMetric } from '../../api/model-rollout.ts';
import type { RequestCounts, VersionObservation } from '../../observation/observation.ts';
import type { Reading } from '../../observation/reading.ts';
import type { Dispersion } from '../../stats/dispersion.ts';

/**
 * What a gate says of a look. `pass`: good enough for the next step. `insufficient`: not yet. `breach`: worse
 * than allowed. `no-data`: nothing to judge by.
 */
export type Verdict = 'pass' | 'insufficient' | 'breach' | 'no-data';

/** Everything a gate may judge by at one look. */
export interface GateLook {
  readonly nowMs: number;
  readonly candidate: VersionObservation | undefined;
  readonly stable: VersionObservation | undefined;
  /** Result of the gate's query for the two versions. */
  readonly query: { readonly candidate: Reading<number>; readonly stable: Reading<number> };
  /** The gate's share of the chance of a false rollback. */
  readonly alpha: number;
  /** The accepted chance of a false advance. */
  readonly beta: number;
  /** Counts the stages; minimum traffic begins anew with each. */
  readonly stage: number;
  /** How stable's failures hang together, by what the service did before the rollout and during it. */
  readonly failureDispersion: Dispersion;
  /** The stage's weight is in force: what is seen now counts as its traffic. */
  readonly counting: boolean;
  /** After the promotion: looks that baking lasts; there is no stable traffic to compare with any more. */
  readonly bakingLooks: number | undefined;
}

/** One moment for a plot. */
export interface EvidencePoint {
  readonly atMs: number;
  readonly log10M: number;
  /** What the gate measures (failure rate, latency quantile, shift, value of the query), both versions. */
  readonly candidate: number | undefined;
  readonly stable: number | undefined;
}

/** Why a gate says what it says; plain JSON, for people, plots and the audit log. */
export interface GateEvidence {
  readonly gate: string;
  readonly type: RolloutMetric['type'];
  /** Where it was read. */
  readonly source: string;
  readonly dryRun: boolean;
  readonly verdict: Verdict;
  /** Requests and failures (or slow ones) of the whole rollout after the warm-up; undefined for queries. */
  readonly counts: { readonly candidate: RequestCounts; readonly stable: RequestCounts } | undefined;
  /** log₁₀ of the evidence that the gate is breached, and the value at which it is. */
  readonly log10M: number;
  readonly bound: number;
  /** One sentence for people. */
  readonly message: string;
  /** Traffic of this stage, as `212 of ~299 requests`; undefined where none is needed. */
  readonly needed: string | undefined;
  /** Measured figures by name: `candidateRate`, `psi`, `candidateP95Ms` and the like. */
  readonly figures: Readonly<Record<string, number>>;
  readonly points: readonly EvidencePoint[];
  /** The candidate against stable in blocks of equal traffic, since the trend turned upwards. */
  readonly trend?: readonly { readonly atMs: number; readonly value: number }[];
  /** An absolute bound is breached, by stable as much: nobody is to blame for it. */
  readonly shared?: boolean;
}

/** What a gate of any type hands back. */
export interface GateOutcome<State> {
  readonly state: State;
  readonly verdict: Verdict;
  readonly evidence: GateEvidence;
}

/** log₁₀ of the evidence from which on the ramp does not go on. */
export const SUSPICION = 1;
