import type { RequestCounts } from '../observation/observation.ts';

/**
 * Page's cumulative sum over requests: S = max(0, S + score), started over whenever it is back at 0, so that
 * `since` counts the requests from the most likely moment of the change on (Page 1954; Lorden 1971).
 */
export interface Cusum {
  readonly sum: number;
  readonly since: RequestCounts;
}

export const EMPTY_CUSUM: Cusum = { sum: 0, since: { requests: 0, failures: 0 } };

export interface CusumScores {
  /** Added for each failure, > 0. */
  readonly failure: number;
  /** Added for each success, < 0. */
  readonly success: number;
}

/** Scores of the likelihood ratio "`bad` of the requests fail" against "`good` of them do". */
export function likelihoodScores(good: number, bad: number): CusumScores {
  return { failure: Math.log(bad / good), success: Math.log((1 - bad) / (1 - good)) };
}

/** Scores that count failures above a share: the sum falls while less than `share` fail and rises above it. */
export function excessScores(share: number): CusumScores {
  return { failure: 1 - share, success: -share };
}

/** Sum at which 1 % against 10 % is decided: 4 failures in a row, a false alarm in ≈ 40 000 requests at 1 %. */
export const LIKELIHOOD_TRIP = 7;

/** One look more; the order of the requests inside a look is unknown and does not matter but at zero. */
export function addToCusum(state: Cusum, counts: RequestCounts, scores: CusumScores): Cusum {
  const successes = counts.requests - counts.failures;
  const sum = state.sum + counts.failures * scores.failure + successes * scores.success;
  if (sum <= 0) return EMPTY_CUSUM;
  return {
    sum,
    since: {
      requests: state.since.requests + counts.requests,
      failures: state.since.failures + counts.failures,
    },
  };
}
