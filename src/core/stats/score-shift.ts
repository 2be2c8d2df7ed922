import type { HistogramCounts } from '../observation/observation.ts';
import { sameBounds, totalCount } from './histogram.ts';

/** How hard each account bets, as multiples of the tolerated shift (of 4 × the excess it is best against). */
const EXCESSES = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8] as const;

/**
 * Log factors of H0 "at no score do the two versions' cumulative shares differ by more than `maxShift`", for
 * every cut, both directions and several strengths of the bet. A share is a mean of values in [0, 1], so by
 * Hoeffding's lemma, with n = 1/(1/n_c + 1/n_s), E[exp(n·(η·(Δ − maxShift) − η²/8))] ≤ 1 under H0.
 * A tolerance inside the hypothesis, and not equality: every new model scores a little differently, and a test
 * of equality would refuse each of them as soon as there is enough traffic.
 *
 * @returns undefined when the bounds differ; zeros when one arm had nothing
 */
export function scoreShiftFactors(
  candidate: HistogramCounts,
  stable: HistogramCounts,
  maxShift: number,
): number[] | undefined {
  if (!sameBounds(candidate.bounds, stable.bounds)) return undefined;
  const n = effectiveCount(candidate, stable);
  return shiftsByCut(candidate, stable).flatMap((shift) =>
    [shift, -shift].flatMap((side) =>
      EXCESSES.map((excess) => {
        const bet = 4 * excess;
        return n > 0 ? n * (bet * (side - maxShift) - bet ** 2 / 8) : 0;
      }),
    ),
  );
}

/** Largest difference of the two cumulative shares over all cuts (Kolmogorov–Smirnov), in [0, 1]. */
export function maximumShift(candidate: HistogramCounts, stable: HistogramCounts): number {
  return shiftsByCut(candidate, stable).reduce((most, shift) => Math.max(most, Math.abs(shift)), 0);
}

/**
 * Population stability index Σ (c − s)·ln(c/s) over buckets: under .1 is usually called no shift, over .25 a
 * large one. Half an observation is added to every bucket so that an empty one does not make it infinite.
 */
export function populationStabilityIndex(candidate: HistogramCounts, stable: HistogramCounts): number {
  const smooth = 0.5;
  const cTotal = totalCount(candidate) + smooth * candidate.counts.length;
  const sTotal = totalCount(stable) + smooth * stable.counts.length;
  return candidate.counts.reduce((sum, count, i) => {
    const c = (count + smooth) / cTotal;
    const s = ((stable.counts[i] ?? 0) + smooth) / sTotal;
    return sum + (c - s) * Math.log(c / s);
  }, 0);
}

/**
 * Comparisons (n above) after which equal versions give evidence 1/β against a shift of twice the tolerance:
 * ln(1/β)/(8·maxShift²), 150 for 5 % and β = .05.
 */
export function comparisonsNeeded(maxShift: number, falseAdvance: number): number {
  return Math.ceil(-Math.log(falseAdvance) / (8 * maxShift ** 2));
}

/** n = 1/(1/n_c + 1/n_s): how many observations the comparison is worth; 0 when an arm has none. */
export function effectiveCount(candidate: HistogramCounts, stable: HistogramCounts): number {
  const nc = totalCount(candidate);
  const ns = totalCount(stable);
  return nc > 0 && ns > 0 ? (nc * ns) / (nc + ns) : 0;
}

/** For each bound, the candidate's share above it less stable's. */
function shiftsByCut(candidate: HistogramCounts, stable: HistogramCounts): number[] {
  const c = sharesAbove(candidate);
  const s = sharesAbove(stable);
  return c.map((share, i) => share - (s[i] ?? 0));
}

function sharesAbove(histogram: HistogramCounts): number[] {
  const total = Math.max(1, totalCount(histogram));
  let below = 0;
  return histogram.bounds.map((_, i) => {
    below += histogram.counts[i] ?? 0;
    return (total - below) / total;
  });
}
