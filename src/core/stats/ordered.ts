/** Observations of the two versions in the same cells, from the fastest to the slowest; worth less than one each is allowed. */
export interface CellCounts {
  readonly candidate: readonly number[];
  readonly stable: readonly number[];
}

/**
 * Log factors of H0 "the candidate's observations are stochastically no larger than stable's", over all cells at
 * once, against the alternative that at every cut the candidate's odds of being above it are a multiple of stable's
 * (proportional odds). With a and s the shares of a cell under the alternative and of stable, and
 * θ = (n_c·a + n_s·s)/(n_c + n_s): ln E = Σ x·ln(a/θ) + Σ y·ln(s/θ).
 *
 * a/s, and with it a/θ, rises with the cells, so under H0 the mean of a/θ over the candidate is at most that over
 * stable; and n_c·a/θ + n_s·s/θ = n_c + n_s in every cell. A product of independent means of which the average is at
 * most 1 is at most 1: E[E] ≤ 1, whatever stable's true shares are (arXiv 2106.02693 for two cells; monotone
 * likelihood ratios for more). One observation that is shared out over cells counts as fractions of them: by Jensen's
 * inequality that only lowers E.
 *
 * Many cells that each say a little say more here than the best of them does alone.
 *
 * @param shares s: what stable's shares were before this look, all above 0, summing to 1; being wrong costs power,
 * never validity
 */
export function orderedFactors(
  counts: CellCounts,
  shares: readonly number[],
  oddsRatios: readonly number[],
): number[] {
  const nc = sum(counts.candidate);
  const ns = sum(counts.stable);
  if (nc <= 0 || ns <= 0) return oddsRatios.map(() => 0);
  return oddsRatios.map((ratio) => {
    let log = 0;
    for (const [cell, a] of shiftedShares(shares, ratio).entries()) {
      const s = shares[cell] ?? 0;
      const mean = (nc * a + ns * s) / (nc + ns);
      log += (counts.candidate[cell] ?? 0) * Math.log(a / mean);
      log += (counts.stable[cell] ?? 0) * Math.log(s / mean);
    }
    return log;
  });
}

/** Shares of the cells where at every cut the odds of being above it are `ratio` times those of `shares`. */
function shiftedShares(shares: readonly number[], ratio: number): number[] {
  let above = 1;
  return shares.map((share) => {
    const next = above - share;
    // A(S) = ρ·S/(1 − S + ρ·S); the difference of two of them without losing digits where the cell is narrow.
    const shifted = (ratio * share) / ((1 - above + ratio * above) * (1 - next + ratio * next));
    above = next;
    return shifted;
  });
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
