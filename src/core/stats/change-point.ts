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
 * Where the series' level most likely rose: over all splits, the largest standardised difference of the
 * inverse-variance weighted means after and before (generalised likelihood ratio; Siegmund & Venkatraman 1995).
 * @returns the best split, significant or not; undefined with fewer than 6 points
 */
export function findRise(points: readonly TrendPoint[]): ChangePoint | undefined {
  let best: ChangePoint | undefined;
  const total = weigh(points);
  let weight = 0;
  let sum = 0;
  for (const [i, point] of points.entries()) {
    const z = i >= SIDE && points.length - i >= SIDE ? rise(weight, sum, total) : undefined;
    if (z !== undefined && (best === undefined || z.z > best.z)) best = { atMs: point.atMs, ...z };
    weight += 1 / point.variance;
    sum += point.value / point.variance;
  }
  return best;
}

function weigh(points: readonly TrendPoint[]): { weight: number; sum: number } {
  return points.reduce(
    (acc, point) => ({
      weight: acc.weight + 1 / point.variance,
      sum: acc.sum + point.value / point.variance,
    }),
    { weight: 0, sum: 0 },
  );
}

function rise(
  weight: number,
  sum: number,
  total: { weight: number; sum: number },
): { before: number; after: number; z: number } {
  const before = sum / weight;
  const after = (total.sum - sum) / (total.weight - weight);
  const error = Math.sqrt(1 / weight + 1 / (total.weight - weight));
  return { before, after, z: (after - before) / error };
}
