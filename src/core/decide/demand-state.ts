import type { CapacityDecision } from '../policy/capacity/decide-capacity.ts';

/** What the demand for replicas remembers: a plain value. */
export interface DemandState {
  /** Of the previous look. */
  readonly lastMs: number;
  /** By version. */
  readonly versions: Readonly<Record<string, VersionDemandState>>;
  /** By `ADDRESS:PORT`. */
  readonly endpoints: Readonly<Record<string, EndpointDemandState>>;
}

export interface VersionDemandState {
  /** Requests a second that clients offer, smoothed; 0 while nothing was known yet. */
  readonly offered: number;
  /** When that was last known, ms since the epoch; 0: never. */
  readonly knownMs: number;
  /** Replicas that were last asked for; absent: none yet. */
  readonly replicas?: number;
}

export interface EndpointDemandState {
  /** When it was first seen, ms since the epoch. */
  readonly sinceMs: number;
  /** Requests a second that callers send to it, smoothed. */
  readonly served: number;
}

export const NO_DEMAND: DemandState = { lastMs: 0, versions: {}, endpoints: {} };

export const NEW_VERSION_DEMAND: VersionDemandState = { offered: 0, knownMs: 0 };

/** The demand for replicas of one version, as an autoscaler is told. */
export interface VersionDemand extends CapacityDecision {
  /** Requests a second that clients offer to it, measured; undefined: not known now. */
  readonly offered: number | undefined;
  /** What the decision is for: at least what is offered, and more ahead of a step, a rollback or a peak. */
  readonly provided: number;
}

export interface DemandDecision {
  readonly state: DemandState;
  /** By version; empty without a `scaling` policy. */
  readonly versions: ReadonlyMap<string, VersionDemand>;
}
