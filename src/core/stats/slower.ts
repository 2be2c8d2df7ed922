import type { HistogramCounts, RequestCounts } from '../observation/observation.ts';
import { countAbove, sameBounds, totalCount } from './histogram.ts';
import { relativeErrorFactors } from './relative-error.ts';

/**
 * Requests slower than `boundMs`, as counts for the binomial tests: with δ = 1 − q they decide "the q-quantile
 * is above the bound" sequentially. Where the bound is not one of the histogram's, the bucket it falls into is
 * taken as evenly spread; the tests stay valid for that interpolated share, which can differ from the true one
 * by at most the bucket's share of the requests.
 */
export function slowerThan(histogram: HistogramCounts, boundMs: number): RequestCounts {
  return { requests: totalCount(histogram), failures: countAbove(histogram, boundMs) };
}

/**
 * Log factors of H0 "the candidate's latency is at most `ratio` times stable's", for every bound b of the
 * histograms and every alternative: the relative error test with "slower than b" in the candidate against
 * "slower than b/ratio" in stable as its failures. Their mean over bounds is again an e-process. Where b/ratio
 * falls inside a bucket, stable's share is interpolated; equal versions stay under the bound all the same,
 * since no more requests can be slower than b than are slower than b/ratio.
 *
 * @returns undefined when the two histograms cannot be compared (different bounds)
 */
export function slowerFactors(
  candidate: HistogramCounts,
  stable: HistogramCounts,
  ratio: number,
): number[] | undefined {
  if (!sameBounds(candidate.bounds, stable.bounds)) return undefined;
  return candidate.bounds.flatMap((boundMs) =>
    relativeErrorFactors(
      { candidate: slowerThan(candidate, boundMs), stable: slowerThan(stable, boundMs / ratio) },
      1,
    ),
  );
}
