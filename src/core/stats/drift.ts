import type { RequestCounts } from '../observation/observation.ts';
import { absoluteErrorFactors } from './absolute-error.ts';
import { accumulate, log10Evidence, type Mixture } from './mixture.ts';

/**
 * Shiryaev–Roberts drift detector for a rate: S = (S + 1)·E with the absolute test's factors, averaged over its
 * alternatives. For watching a version after its promotion, when there is nothing beside it to compare with.
 * Alarm at S ≥ A: at most one false alarm in A looks on average (arXiv 2203.03532).
 */
export function watchDrift(state: Mixture, counts: RequestCounts, bound: number): Mixture {
  return counts.requests > 0 ? accumulate(state, absoluteErrorFactors(counts, bound), 'every') : state;
}

/** log₁₀ of the detector's S; −99 before the first look. */
export function log10Drift(state: Mixture): number {
  return log10Evidence(state, 'every');
}
