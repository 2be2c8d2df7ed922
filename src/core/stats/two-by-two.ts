import type { ArmCounts } from './arms.ts';

/** Alternatives: the candidate's odds as multiples of stable's. */
export const ODDS_RATIOS = [1.5, 2.5, 6, 20] as const;

/**
 * Log factors of H0 "at most as large a share of the candidate's requests as of stable's", against shares that
 * may be anything from rare to common: the exact 2×2 e-value (arXiv 2106.02693). With the alternative (a, s)
 * and θ = (n_c·a + n_s·s)/(n_c + n_s),
 * ln E = x·ln(a/θ) + (n_c − x)·ln((1 − a)/(1 − θ)) + y·ln(s/θ) + (n_s − y)·ln((1 − s)/(1 − θ)).
 * Since n_c·(a − θ) + n_s·(s − θ) = 0, ln E[E] ≤ n_c·(a − θ)·(θ_c − θ_s)/(θ·(1 − θ)) ≤ 0 under H0, whatever
 * the true shares are. The relative error test, which is made for rare failures, gets less out of shares that
 * are common.
 *
 * @param stableShare s: what stable's share was before this look; being wrong costs power, never validity
 */
export function twoByTwoFactors(
  counts: ArmCounts,
  stableShare: number,
  oddsRatios: readonly number[] = ODDS_RATIOS,
): number[] {
  const nc = counts.candidate.requests;
  const ns = counts.stable.requests;
  if (nc <= 0 || ns <= 0) return oddsRatios.map(() => 0);
  const x = counts.candidate.failures;
  const y = counts.stable.failures;
  return oddsRatios.map((ratio) => {
    const a = (ratio * stableShare) / (1 - stableShare + ratio * stableShare);
    const mean = (nc * a + ns * stableShare) / (nc + ns);
    return (
      x * Math.log(a / mean) +
      (nc - x) * Math.log((1 - a) / (1 - mean)) +
      y * Math.log(stableShare / mean) +
      (ns - y) * Math.log((1 - stableShare) / (1 - mean))
    );
  });
}
