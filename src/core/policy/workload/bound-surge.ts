export interface SurgeInput {
  /** Replicas that all requests need. */
  readonly all: number;
  /** Replicas that the candidate needs for its next stage. */
  readonly candidate: number;
  /** Pods of stable that exist; undefined: not known. */
  readonly stablePods: number | undefined;
  /** Share of the requests that stable is relieved of, 0 … 1; 0 where it cannot be scaled. */
  readonly relieved: number;
  readonly maxSurge: number;
}

export interface Surge {
  /** What stable must not fall below, and what it is to have at most. */
  readonly stable: { readonly atLeast: number; readonly atMost: number };
  /** What the candidate may have now; less than it needs while stable has not made room. */
  readonly candidate: number;
}

/**
 * Divides what both versions may have together, `all + maxSurge`. Stable keeps what its share of the requests needs,
 * whatever the candidate would like; beyond that it makes room. The candidate gets what is free, and not what is about
 * to be. A step of `s` percent always finds room with `maxSurge ≥ ⌈all·s/100⌉ + 1`.
 */
export function boundSurge({ all, candidate, stablePods, relieved, maxSurge }: SurgeInput): Surge {
  const both = all + maxSurge;
  // A share is of hundredths of a percent: what is beyond is of floating point, and no replica.
  const atLeast = Math.min(all, Math.ceil(all * (1 - relieved) - 1e-6));
  const atMost = Math.max(atLeast, Math.min(all, both - candidate));
  const taken = Math.max(atLeast, Math.min(all, stablePods ?? all));
  return { stable: { atLeast, atMost }, candidate: Math.max(0, Math.min(candidate, both - taken)) };
}
