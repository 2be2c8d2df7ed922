import type { HistogramCounts } from '../observation/observation.ts';

/** Observations in all buckets. */
export function totalCount(histogram: HistogramCounts): number {
  return histogram.counts.reduce((sum, count) => sum + count, 0);
}

/** Whether two histograms have the same buckets, so that their counts can be set side by side. */
export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

/** Bucket by bucket sum; both must have the same bounds, else the second alone is returned. */
export function addHistograms(a: HistogramCounts | undefined, b: HistogramCounts): HistogramCounts {
  if (a === undefined || !sameBounds(a.bounds, b.bounds)) return b;
  return { bounds: b.bounds, counts: b.counts.map((count, i) => count + (a.counts[i] ?? 0)) };
}

/** Every count times `factor`: observations that are worth less than one each. */
export function scaleHistogram({ bounds, counts }: HistogramCounts, factor: number): HistogramCounts {
  return factor === 1 ? { bounds, counts } : { bounds, counts: counts.map((count) => factor * count) };
}

/**
 * How many observations are above `value`. Exact where `value` is one of the bounds; inside a bucket its
 * observations are taken as evenly spread, and those of the last, open bucket as above everything.
 */
export function countAbove({ bounds, counts }: HistogramCounts, value: number): number {
  let above = 0;
  for (const [i, count] of counts.entries()) {
    const lower = i === 0 ? Math.min(0, bounds[0] ?? 0) : (bounds[i - 1] ?? 0);
    const upper = bounds[i] ?? Number.POSITIVE_INFINITY;
    if (lower >= value || upper === Number.POSITIVE_INFINITY) above += count;
    else if (upper > value) above += count * (1 - (value - lower) / (upper - lower));
  }
  return above;
}

/** Whether `value` is a bucket bound, so that `countAbove` is exact there. */
export function isBound(histogram: HistogramCounts, value: number): boolean {
  return histogram.bounds.includes(value);
}

/**
 * The value that a share `quantile` of the observations does not exceed, linearly inside the bucket; the last
 * bound when it lies in the open bucket (as PromQL's histogram_quantile does). NaN without observations.
 */
export function quantileOf(histogram: HistogramCounts, quantile: number): number {
  const total = totalCount(histogram);
  if (total === 0) return Number.NaN;
  const { bounds, counts } = histogram;
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    const count = counts[i] ?? 0;
    const upper = bounds[i] ?? 0;
    if (count > 0 && below + count >= quantile * total) {
      const lower = i === 0 ? Math.min(0, upper) : (bounds[i - 1] ?? 0);
      return lower + ((upper - lower) * Math.max(0, quantile * total - below)) / count;
    }
    below += count;
  }
  return bounds.at(-1) ?? Number.NaN;
}

/** Mean and variance with each observation at the middle of its bucket; the open bucket's at 1.5 × its bound. */
export function momentsOf(histogram: HistogramCounts): { readonly mean: number; readonly variance: number } {
  const total = totalCount(histogram);
  if (total === 0) return { mean: Number.NaN, variance: Number.NaN };
  const middles = histogram.counts.map((_, i) => middleOf(histogram.bounds, i));
  const mean = middles.reduce((sum, middle, i) => sum + middle * (histogram.counts[i] ?? 0), 0) / total;
  const squares = middles.reduce(
    (sum, middle, i) => sum + (middle - mean) ** 2 * (histogram.counts[i] ?? 0),
    0,
  );
  return { mean, variance: squares / total };
}

function middleOf(bounds: readonly number[], bucket: number): number {
  const lower = bucket === 0 ? 0 : (bounds[bucket - 1] ?? 0);
  const upper = bounds[bucket];
  return upper === undefined ? lower * 1.5 : (lower + upper) / 2;
}
