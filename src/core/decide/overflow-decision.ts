import type { LimitState } from '../policy/limiter/decide-limit.ts';

/** What is remembered of a version's overflow: a plain value. */
export interface OverflowState {
  /** Of the law that finds the first tier's rate. */
  readonly law: LimitState | undefined;
  readonly lawMs: number;
  /** Requests since the law last looked: ended in the first tier, ended without an answer there, begun anywhere. */
  readonly served: number;
  readonly lost: number;
  readonly begun: number;
  /** Requests a second of all tiers, smoothed. */
  readonly demand: number;
  /** Of the traffic, what the next tier is to have, 0 … 1, and what of that was last handed out. */
  readonly share: number;
  readonly published: number;
}

export interface OverflowDecision {
  readonly state: OverflowState;
  /** Of the version's traffic, to the second tier; 0: tiers wait for each other. */
  readonly share: number;
  /** What the law saw; undefined: it did not look. */
  readonly message: string | undefined;
}
