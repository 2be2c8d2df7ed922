import type { HistogramCounts } from '../observation/observation.ts';
import type { LimitState } from '../policy/limiter/decide-limit.ts';
import type { SharesState } from '../policy/limiter/divide-limit.ts';

/** What the adaptive and global limits of a service remember: a plain value. */
export interface LimitsState {
  /** Of the previous look. */
  readonly lastMs: number;
  /** Requests a second that are offered to each inbound sidecar, smoothed, by node id. */
  readonly demand: Readonly<Record<string, number>>;
  /** By limit. */
  readonly limits: Readonly<Record<string, OneLimitState>>;
}

export interface OneLimitState {
  readonly law: LimitState | undefined;
  readonly lawMs: number;
  /** Latencies seen since the law last looked. */
  readonly latencies: HistogramCounts | undefined;
  /** Calls that ended since then, and those of them without an answer. */
  readonly ended: number;
  readonly lost: number;
  /** Rate of an instance that was last published. */
  readonly published: number | undefined;
  /** Rate that people were last told of. */
  readonly told: number | undefined;
  readonly shares: SharesState | undefined;
  /** As `demand` of all limits, of the calls that this one matches; absent: it is not counted by itself. */
  readonly demand?: Readonly<Record<string, number>>;
}

export interface LimitsDecision {
  readonly state: LimitsState;
  /** Rate of an instance by adaptive limit. */
  readonly rates: ReadonlyMap<string, number>;
  /** Shares by global limit, requests a second by node id. */
  readonly shares: ReadonlyMap<string, Readonly<Record<string, number>>>;
  readonly messages: ReadonlyMap<string, string>;
  /** A share waits for another sidecar's acknowledgement: look again soon. */
  readonly waiting: boolean;
  readonly events: readonly LimitEvent[];
}

/** A rate that changed by so much that people should know. */
export interface LimitEvent {
  readonly at: number;
  readonly reason: string;
  readonly message: string;
  readonly change: { readonly before: number | undefined; readonly after: number };
}

export const NO_LIMITS: LimitsState = { lastMs: 0, demand: {}, limits: {} };
