import type { HistogramCounts } from '../../observation/observation.ts';
import { type ArmCounts, addCounts, NO_REQUESTS } from '../../stats/arms.ts';
import { addHistograms, totalCount } from '../../stats/histogram.ts';

/**
 * A comparison needs both versions in one look, but two scrapes seldom fall into the same second: what one
 * version did is kept until the other has shown something too. When that is depends on the traffic and never on
 * its outcomes, so the tests keep their bounds.
 */
export interface Paired<T> {
  /** Kept for the next look. */
  readonly pending: T;
  /** Both versions, to be compared now; undefined: one is still awaited. */
  readonly pair: T | undefined;
}

export const NO_ARMS: ArmCounts = { candidate: NO_REQUESTS, stable: NO_REQUESTS };

/** Adds a look's counts to what is kept. */
export function pairCounts(pending: ArmCounts, counts: ArmCounts): Paired<ArmCounts> {
  const both = {
    candidate: addCounts(pending.candidate, counts.candidate),
    stable: addCounts(pending.stable, counts.stable),
  };
  const complete = both.candidate.requests > 0 && both.stable.requests > 0;
  return complete ? { pending: NO_ARMS, pair: both } : { pending: both, pair: undefined };
}

export interface TwoHistograms {
  readonly candidate: HistogramCounts;
  readonly stable: HistogramCounts;
}

/** Adds a look's histograms to what is kept. */
export function pairHistograms(
  pending: TwoHistograms | undefined,
  look: TwoHistograms,
): Paired<TwoHistograms | undefined> {
  const both = {
    candidate: addHistograms(pending?.candidate, look.candidate),
    stable: addHistograms(pending?.stable, look.stable),
  };
  const complete = totalCount(both.candidate) > 0 && totalCount(both.stable) > 0;
  return complete ? { pending: undefined, pair: both } : { pending: both, pair: undefined };
}
