import type { Milliseconds } from '../core/api/duration.ts';

/** An instance that a source names. */
export interface FoundEndpoint {
  /** An IP address: sidecars are not told names. */
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly zone: string;
  /** Tiers below the source's own: 0 is the first. */
  readonly tier: number;
}

/** Told of what a source finds. */
export interface Follower {
  /** All instances as of now; also when nothing has changed. */
  readonly found: (endpoints: readonly FoundEndpoint[]) => void;
  /** Why the source cannot tell; what it told last stays. One line for people. */
  readonly failed: (message: string) => void;
}

/** How long to wait after the nth failure in a row (0 for the first): doubling, with a fifth left to chance. */
export function backoffMs(failures: number, firstMs: Milliseconds, longestMs: Milliseconds): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(failures, 20)) * (0.8 + Math.random() / 5);
}
