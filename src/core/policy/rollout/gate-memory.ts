import { type ErrorRateState, INITIAL as NEW_ERROR_RATE } from './error-rate-state.ts';
import type { Verdict } from './gate.ts';
import { type LatencyState, INITIAL as NEW_LATENCY } from './latency-state.ts';
import { INITIAL as NEW_QUERY, type QueryState } from './query-gate.ts';
import { INITIAL as NEW_SCORE_SHIFT, type ScoreShiftState } from './score-shift-gate.ts';

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

/** What a gate of each type remembers at its beginning. */
export const NEW_GATES: { readonly [Type in GateState['type']]: Extract<GateState, { type: Type }> } = {
  ErrorRate: NEW_ERROR_RATE,
  Latency: NEW_LATENCY,
  Query: NEW_QUERY,
  ScoreShift: NEW_SCORE_SHIFT,
};
