import type { ArmCounts } from './arms.ts';

/** Alternatives as multiples of the tolerated ratio: from just worse to failing always. */
export const RATIO_GRID = [1.5, 2, 3, 5, 10, 30, 100, 1000] as const;

/** Alternatives of the mirror image, "not as bad as that". */
export const BETTER_RATIO_GRID = [0.5, 0.1] as const;

/**
 * Log factors of H0 "the candidate fails at most `ratio` times as often as stable", whose rate may drift.
 * With x of n_c and y of n_s failed, p = r·n_c/(r·n_c + n_s):
 * ln E_k = x·ln(p_k/p_0) + y·ln((1 − p_k)/(1 − p_0)).
 * E[E_k] ≤ exp(n_c·θ_c·(p_k/p_0 − 1) + n_s·θ_s·((1 − p_k)/(1 − p_0) − 1)) ≤ 1 under H0, for binomial as for
 * Poisson counts and for fractional ones in [0, 1] each (arXiv 2106.02693, 2011.03567).
 * A look in which one arm had no request tells nothing: all zeros.
 *
 * @param multiples alternatives r_k as multiples of `ratio`; below 1 they test the mirror image θ_c ≥ ratio·θ_s
 */
export function relativeErrorFactors(
  counts: ArmCounts,
  ratio: number,
  multiples: readonly number[] = RATIO_GRID,
): number[] {
  const nc = counts.candidate.requests;
  const ns = counts.stable.requests;
  if (nc <= 0 || ns <= 0) return multiples.map(() => 0);
  return multiples.map((multiple) => {
    // ln(p_k/p_0) = ln m + ln((r·nc + ns)/(m·r·nc + ns)), and the second term is ln((1 − p_k)/(1 − p_0)).
    const shared = Math.log((ratio * nc + ns) / (multiple * ratio * nc + ns));
    return counts.candidate.failures * (Math.log(multiple) + shared) + counts.stable.failures * shared;
  });
}
