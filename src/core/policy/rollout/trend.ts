import { type ArmCounts, addCounts } from '../../stats/arms.ts';
import { CHANGE_Z, type ChangePoint, findRise, type TrendPoint } from '../../stats/change-point.ts';
import { addHistograms, momentsOf, totalCount } from '../../stats/histogram.ts';
import type { TwoHistograms } from './pairing.ts';

/**
 * A candidate's measure against stable's over time, in blocks of equal traffic, and where it turned upwards. A
 * drift that both versions share cancels out.
 */
export interface Trend<Block> {
  /** The block that is being filled. */
  readonly block: Block | undefined;
  /** The difference between the versions, one a block. */
  readonly points: readonly TrendPoint[];
  /** Where the level rose and has not come back. */
  readonly inflection: ChangePoint | undefined;
}

export const NO_TREND: Trend<never> = { block: undefined, points: [], inflection: undefined };

/** Requests of each version in a block of latencies: enough for a mean with an error that is nearly normal. */
const LATENCY_BLOCK = 30;
/** In a block of failures, which are rarer. */
const FAILURE_BLOCK = 100;
const MAX_POINTS = 120;
/** Blocks whose mean tells that the level has come back. */
const RECOVERY_BLOCKS = 5;
/** A histogram cannot tell means apart that are closer than this. */
const RESOLUTION = 0.02;

/**
 * One look at latencies: ln(mean of the candidate / mean of stable).
 * @param leastRise the rise in ln(latency) that counts as an inflection
 */
export function followLatency(
  trend: Trend<TwoHistograms>,
  look: TwoHistograms,
  leastRise: number,
  nowMs: number,
): Trend<TwoHistograms> {
  const candidate = addHistograms(trend.block?.candidate, look.candidate);
  const stable = addHistograms(trend.block?.stable, look.stable);
  if (totalCount(candidate) < LATENCY_BLOCK || totalCount(stable) < LATENCY_BLOCK) {
    return { ...trend, block: { candidate, stable } };
  }
  const c = momentsOf(candidate);
  const s = momentsOf(stable);
  const variance =
    c.variance / (totalCount(candidate) * c.mean ** 2) + s.variance / (totalCount(stable) * s.mean ** 2);
  const point = { atMs: nowMs, value: Math.log(c.mean / s.mean), variance: variance + RESOLUTION ** 2 };
  return addBlock(trend, point, leastRise);
}

/**
 * One look at failures: the candidate's share less stable's.
 * @param leastRise the rise in the share that counts as an inflection
 */
export function followFailures(
  trend: Trend<ArmCounts>,
  look: ArmCounts,
  leastRise: number,
  nowMs: number,
): Trend<ArmCounts> {
  const block =
    trend.block === undefined
      ? look
      : {
          candidate: addCounts(trend.block.candidate, look.candidate),
          stable: addCounts(trend.block.stable, look.stable),
        };
  const { candidate: c, stable: s } = block;
  if (c.requests < FAILURE_BLOCK || s.requests < FAILURE_BLOCK) return { ...trend, block };
  const pooled = (c.failures + s.failures + 0.5) / (c.requests + s.requests + 1);
  const point = {
    atMs: nowMs,
    value: c.failures / c.requests - s.failures / s.requests,
    variance: Math.min(0.25, pooled * (1 - pooled)) * (1 / c.requests + 1 / s.requests),
  };
  return addBlock(trend, point, leastRise);
}

function addBlock<Block>(trend: Trend<Block>, point: TrendPoint, leastRise: number): Trend<Block> {
  const points = [...trend.points.slice(-(MAX_POINTS - 1)), rounded(point)];
  if (trend.inflection !== undefined) {
    const back = trend.inflection.before + leastRise / 2;
    if (meanOf(points.slice(-RECOVERY_BLOCKS)) >= back)
      return { block: undefined, points, inflection: trend.inflection };
    // The old rise would be found again for as long as its points are kept.
    return { block: undefined, points: points.slice(-RECOVERY_BLOCKS), inflection: undefined };
  }
  const rise = findRise(points);
  const found = rise !== undefined && rise.z >= CHANGE_Z && rise.after - rise.before >= leastRise;
  return { block: undefined, points, inflection: found ? rise : undefined };
}

function rounded({ atMs, value, variance }: TrendPoint): TrendPoint {
  return { atMs, value: Number(value.toPrecision(4)), variance: Number(variance.toPrecision(3)) };
}

function meanOf(points: readonly TrendPoint[]): number {
  return points.reduce((sum, point) => sum + point.value, 0) / Math.max(1, points.length);
}
