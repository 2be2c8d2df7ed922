import type { RequestCounts } from '../observation/observation.ts';

const ALTERNATIVES = 8;
/** Not 1: a single success would put an alternative of 1 out for ever. */
const MOST = 0.99;

/** Alternatives above `bound`, evenly spaced in the logarithm up to (almost) 1. */
export function ratesAbove(bound: number): number[] {
  return Array.from({ length: ALTERNATIVES }, (_, k) =>
    Math.min(Math.max(MOST, (1 + bound) / 2), bound ** (1 - (k + 1) / ALTERNATIVES)),
  );
}

/**
 * Log factors of a binomial rate against the rate at the edge of H0:
 * ln E_k = x·ln(q_k/δ) + (n − x)·ln((1 − q_k)/(1 − δ)).
 * With every q_k above δ it tests H0 θ ≤ δ, with every q_k below δ it tests H0 θ ≥ δ; E[E_k] ≤ 1 either way.
 *
 * @param counts n and x of the look; x may be fractional
 * @param bound δ, in (0, 1)
 */
export function rateFactors(counts: RequestCounts, bound: number, rates: readonly number[]): number[] {
  const failures = counts.failures;
  const successes = counts.requests - counts.failures;
  return rates.map(
    (rate) => failures * Math.log(rate / bound) + successes * Math.log((1 - rate) / (1 - bound)),
  );
}

/** Log factors of H0 "at most `bound` of the requests fail". */
export function absoluteErrorFactors(counts: RequestCounts, bound: number): number[] {
  return rateFactors(counts, bound, ratesAbove(bound));
}
