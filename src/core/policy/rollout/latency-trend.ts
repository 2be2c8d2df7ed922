import type { HistogramCounts } from '../../observation/observation.ts';
import { CHANGE_Z, type ChangePoint, findRise, type TrendPoint } from '../../stats/change-point.ts';
import { addHistograms, momentsOf, totalCount } from '../../stats/histogram.ts';

/**
 * The candidate's latency against stable's over time, in blocks of equal traffic, and where it turned upwards.
 * A drift that both versions share cancels out.
 */
export interface LatencyTrend {
  /** The block that is being filled. */
  readonly candidate: HistogramCounts | undefined;
  readonly stable: HistogramCounts | undefined;
  /** ln(mean of the candidate / mean of stable), one a block. */
  readonly points: readonly TrendPoint[];
  /** Where the level rose and has not come back. */
  readonly inflection: ChangePoint | undefined;
}

export const NO_TREND: LatencyTrend = {
  candidate: undefined,
  stable: undefined,
  points: [],
  inflection: undefined,
};

/** Requests of each version in a block: enough for a mean with an error that is nearly normal. */
const BLOCK = 30;
const MAX_POINTS = 120;
/** Blocks whose mean tells that the level has come back. */
const RECOVERY_BLOCKS = 5;
/** A histogram cannot tell means apart that are closer than this. */
const RESOLUTION = 0.02;

/**
 * One look more.
 * @param leastRise the rise in ln(latency) that counts as an inflection
 */
export function followTrend(
  trend: LatencyTrend,
  candidate: HistogramCounts,
  stable: HistogramCounts,
  leastRise: number,
  nowMs: number,
): LatencyTrend {
  const c = addHistograms(trend.candidate, candidate);
  const s = addHistograms(trend.stable, stable);
  if (totalCount(c) < BLOCK || totalCount(s) < BLOCK) return { ...trend, candidate: c, stable: s };
  const points = [...trend.points.slice(-(MAX_POINTS - 1)), blockPoint(c, s, nowMs)];
  const filled = { candidate: undefined, stable: undefined };
  if (trend.inflection !== undefined) {
    const back = trend.inflection.before + leastRise / 2;
    if (meanOf(points.slice(-RECOVERY_BLOCKS)) >= back)
      return { ...filled, points, inflection: trend.inflection };
    // The old rise would be found again for as long as its points are kept.
    return { ...filled, points: points.slice(-RECOVERY_BLOCKS), inflection: undefined };
  }
  const rise = findRise(points);
  const found = rise !== undefined && rise.z >= CHANGE_Z && rise.after - rise.before >= leastRise;
  return { ...filled, points, inflection: found ? rise : undefined };
}

function blockPoint(candidate: HistogramCounts, stable: HistogramCounts, atMs: number): TrendPoint {
  const c = momentsOf(candidate);
  const s = momentsOf(stable);
  const variance =
    c.variance / (totalCount(candidate) * c.mean ** 2) + s.variance / (totalCount(stable) * s.mean ** 2);
  return { atMs, value: Math.log(c.mean / s.mean), variance: variance + RESOLUTION ** 2 };
}

function meanOf(points: readonly TrendPoint[]): number {
  return points.reduce((sum, point) => sum + point.value, 0) / Math.max(1, points.length);
}
