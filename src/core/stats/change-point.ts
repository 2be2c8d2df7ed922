/** A measured difference between the versions, in blocks of equal information. */
export interface TrendPoint {
  readonly atMs: number;
  readonly value: number;
  /** Variance of `value` as its own sample tells it, > 0. */
  readonly variance: number;
}

export interface ChangePoint {
  /** Time of the first point after the change. */
  readonly atMs: number;
  readonly before: number;
  readonly after: number;
  /** The rise in standard errors. */
  readonly z: number;
}

/** Points on each side of a change, at least. */
const SIDE = 3;

/**
 * Standard errors from which a rise is one. The maximum over splits and looks is taken, and means of latencies
 * have heavier tails than a Gaussian, so it is far out.
 */
export const CHANGE_Z = 6;

/**
 * Where the series' level most likely rose: over all splits, the largest standardised difference of the means
 * after and before (generalised likelihood ratio; Siegmund & Venkatraman 1995). The points' variances are taken
 * together: one by one, a block without slow requests has a low mean and a low variance, and would weigh most.
 * @returns the best split, significant or not; undefined with fewer than 6 points
 */
export function findRise(points: readonly TrendPoint[]): ChangePoint | undefined {
  const variance = points.reduce((sum, point) => sum + point.variance, 0) / points.length;
  const total = points.reduce((sum, point) => sum + point.value, 0);
  let best: ChangePoint | undefined;
  let sum = 0;
  for (const [i, point] of points.entries()) {
    const left = points.length - i;
    if (i >= SIDE && left >= SIDE) {
      const before = sum / i;
      const after = (total - sum) / left;
      const z = (after - before) / Math.sqrt(variance * (1 / i + 1 / left));
      if (best === undefined || z > best.z) best = { atMs: point.atMs, before, after, z };
    }
    sum += point.value;
  }
  return best;
}
