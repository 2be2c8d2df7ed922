import type { RolloutMetric } from '../../api/model-rollout.ts';
import type { RequestCounts, VersionObservation } from '../../observation/observation.ts';
import type { Reading } from '../../observation/reading.ts';

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
}

/** What a gate of any type hands back. */
export interface GateOutcome<State> {
  readonly state: State;
  readonly verdict: Verdict;
  readonly evidence: GateEvidence;
}

/** log₁₀ of the evidence from which on the ramp does not go on. */
export const SUSPICION = 1;

const MAX_POINTS = 120;

/**
 * Adds a point for the plot. When there are too many, every second one of the older half goes: the plot keeps
 * its beginning, and its newest part in full.
 */
export function addPoint(points: readonly EvidencePoint[], point: EvidencePoint): readonly EvidencePoint[] {
  const half = MAX_POINTS / 2;
  const kept =
    points.length < MAX_POINTS ? points : points.filter((_, i) => i === 0 || i >= half || i % 2 === 1);
  return [...kept, rounded(point)];
}

/** A plot needs no more digits, and the state is saved at every look. */
function rounded({ atMs, log10M, candidate, stable }: EvidencePoint): EvidencePoint {
  const short = (value: number): number => Number(value.toPrecision(4));
  return {
    atMs,
    log10M: short(log10M),
    candidate: candidate === undefined ? undefined : short(candidate),
    stable: stable === undefined ? undefined : short(stable),
  };
}
