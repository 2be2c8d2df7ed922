import type { HistogramCounts, RequestCounts } from '../observation/observation.ts';
import { countAbove, countAboveAtMost, sameBounds, totalCount } from './histogram.ts';
import { accumulate, EMPTY_MIXTURE, type Mixture } from './mixture.ts';
import { twoByTwoFactors } from './two-by-two.ts';

/**
 * Requests slower than `boundMs`, as counts for the binomial tests: with δ = 1 − q they decide "the q-quantile
 * is above the bound" sequentially. Where the bound is not one of the histogram's, the bucket it falls into is
 * taken as evenly spread; the tests stay valid for that interpolated share, which can differ from the true one
 * by at most the bucket's share of the requests.
 */
export function slowerThan(histogram: HistogramCounts, boundMs: number): RequestCounts {
  return { requests: totalCount(histogram), failures: countAbove(histogram, boundMs) };
}

/** Evidence that the candidate is slower, and what is known of stable so far. Plain value. */
export interface SlowerTest {
  readonly mixture: Mixture;
  readonly bounds: readonly number[];
  /** Stable's requests so far, and how many of them were slower than each bound/ratio. */
  readonly seen: number;
  readonly slower: readonly number[];
}

export const EMPTY_SLOWER_TEST: SlowerTest = { mixture: EMPTY_MIXTURE, bounds: [], seen: 0, slower: [] };

/** What is known of stable is halved beyond this, so that it follows the time of day. */
const MEMORY = 5_000;

/**
 * One look of H0 "the candidate's latency is at most `ratio` times stable's": for every bound b of the
 * histograms, "slower than b" at the candidate against "slower than b/ratio" at stable, by the 2×2 test. The
 * mean over bounds is again an e-process. Where b/ratio falls inside a bucket, stable's share is estimated in the
 * candidate's favour; equal versions stay under the bound whatever the estimate, since no more requests can be
 * slower than b than are slower than b/ratio. A candidate within the tolerance but near it can be mistaken only
 * as far as the buckets are coarse.
 *
 * Two histograms with different bounds cannot be compared and change nothing; other bounds than before begin
 * the test anew.
 */
export function testSlower(
  state: SlowerTest,
  candidate: HistogramCounts,
  stable: HistogramCounts,
  ratio: number,
): SlowerTest {
  if (!sameBounds(candidate.bounds, stable.bounds) || totalCount(candidate) === 0) return state;
  const { bounds } = candidate;
  const known = sameBounds(state.bounds, bounds) ? state : EMPTY_SLOWER_TEST;
  const requests = totalCount(stable);
  const stableSlow = bounds.map((boundMs) => ({
    requests,
    failures: countAboveAtMost(stable, boundMs / ratio),
  }));
  const factors = bounds.flatMap((boundMs, i) =>
    twoByTwoFactors(
      { candidate: slowerThan(candidate, boundMs), stable: stableSlow[i] ?? { requests: 0, failures: 0 } },
      ((known.slower[i] ?? 0) + 0.5) / (known.seen + 1),
    ),
  );
  const fade = known.seen > MEMORY ? 0.5 : 1;
  return {
    mixture: accumulate(known.mixture, factors, 'spread'),
    bounds,
    seen: fade * known.seen + requests,
    slower: stableSlow.map((slow, i) => fade * (known.slower[i] ?? 0) + slow.failures),
  };
}
