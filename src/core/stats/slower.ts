import type { HistogramCounts, RequestCounts } from '../observation/observation.ts';
import { addHistograms, countAbove, sameBounds, scaleHistogram, totalCount } from './histogram.ts';
import { accumulate, EMPTY_MIXTURE, log10Evidence, type Mixture } from './mixture.ts';
import { orderedFactors } from './ordered.ts';
import { slowerWhenStretched } from './stretch.ts';
import { ODDS_RATIOS, twoByTwoFactors } from './two-by-two.ts';

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
  /** Stable's answers so far, older ones for less. */
  readonly stable: HistogramCounts;
}

export const EMPTY_SLOWER_TEST: SlowerTest = { mixture: EMPTY_MIXTURE, stable: { bounds: [], counts: [] } };

/** What is known of stable is halved beyond this, so that it follows the time of day. */
const MEMORY = 5_000;

/** Of the capital, what is bet on all bounds together; the rest is divided among the bounds one by one. */
const JOINT_CAPITAL = 0.5;

/**
 * One look of H0 "the candidate's latency is at most `ratio` times stable's": stable's answers, stretched by the
 * ratio, against the candidate's, over the buckets of the histograms. Half of the capital is on all buckets together
 * (an answer that is slower throughout is found out soonest so), half on each bound b by itself, "slower than b" at
 * the candidate against "slower than b/ratio" at stable (a slow tail is). The weighted mean is again an e-process.
 * Where b/ratio falls inside a bucket, stable's share is guessed in the candidate's favour; equal versions stay
 * under the bound whatever the guess, since no more requests can be slower than b than are slower than b/ratio. A
 * candidate within the tolerance but near it can be mistaken only as far as the guess is wrong.
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
  const known = sameBounds(state.stable.bounds, bounds)
    ? state
    : { ...EMPTY_SLOWER_TEST, stable: scaleHistogram(stable, 0) };
  const seen = totalCount(known.stable);
  const before = slowerWhenStretched(known.stable, known.stable, ratio);
  const requests = totalCount(stable);
  const slower = slowerWhenStretched(stable, known.stable, ratio);
  const each = bounds.flatMap((boundMs, i) =>
    twoByTwoFactors(
      { candidate: slowerThan(candidate, boundMs), stable: { requests, failures: slower[i] ?? 0 } },
      ((before[i] ?? 0) + 0.5) / (seen + 1),
    ),
  );
  const cells = { candidate: candidate.counts, stable: cellsOf(requests, slower) };
  const joint = orderedFactors(cells, sharesOf(cellsOf(seen, before)), ODDS_RATIOS);
  return {
    mixture: accumulate(known.mixture, [...joint, ...each], 'spread'),
    stable: addHistograms(scaleHistogram(known.stable, seen > MEMORY ? 0.5 : 1), stable),
  };
}

/** log₁₀ of the evidence that the candidate is too slow. */
export function log10Slower({ mixture, stable }: SlowerTest): number {
  const joint = Math.log(JOINT_CAPITAL / ODDS_RATIOS.length);
  const each = Math.log((1 - JOINT_CAPITAL) / (stable.bounds.length * ODDS_RATIOS.length));
  const weights = mixture.logs.map((_, k) => (k < ODDS_RATIOS.length ? joint : each));
  return log10Evidence(mixture, 'spread', weights);
}

/** How many of stable's stretched answers fall between two bounds, from how many are slower than each. */
function cellsOf(requests: number, slower: readonly number[]): number[] {
  return [requests, ...slower].map((above, i) => Math.max(0, above - (slower[i] ?? 0)));
}

/** Shares of the cells, with one answer more that is spread over all of them: none is zero. */
function sharesOf(cells: readonly number[]): number[] {
  const total = cells.reduce((sum, count) => sum + count, 1);
  return cells.map((count) => (count + 1 / cells.length) / total);
}
