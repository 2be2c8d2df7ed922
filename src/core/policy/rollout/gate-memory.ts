import type { ErrorRateState } from './error-rate-gate.ts';
import type { Verdict } from './gate.ts';
import type { LatencyState } from './latency-gate.ts';
import type { QueryState } from './query-gate.ts';
import type { ScoreShiftState } from './score-shift-gate.ts';

export type GateState = ErrorRateState | LatencyState | ScoreShiftState | QueryState;

/** What is kept of a gate between looks. */
export interface GateMemory {
  /** The metric's spec as JSON; an edited gate begins anew. */
  readonly spec: string;
  readonly state: GateState;
  readonly verdict: Verdict;
  readonly log10M: number;
  /** How long there was no data to judge by. */
  readonly blindMs: number;
}
