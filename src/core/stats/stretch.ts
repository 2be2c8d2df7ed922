import type { HistogramCounts } from '../observation/observation.ts';

/**
 * A version's answers made `ratio` times as slow, in the buckets that they were counted in: how many of them are
 * slower than each bound b, which is how many of the true ones are slower than b/ratio. Where that falls inside a
 * bucket, the share of the bucket above it must be guessed, and is guessed upwards: by the slope of the density from
 * the neighbouring buckets where it rises towards slower answers, as evenly spread where it falls. A density that is
 * log-concave, as that of the usual latencies, has no more than that above the point.
 *
 * @param known the same version's answers so far, by which the shapes inside the buckets are guessed; never those
 * of this look, so that each answer counts by itself
 */
export function slowerWhenStretched(
  histogram: HistogramCounts,
  known: HistogramCounts,
  ratio: number,
): number[] {
  const { bounds, counts } = histogram;
  const suffix = [...counts, 0];
  for (let i = suffix.length - 2; i >= 0; i--) suffix[i] = (suffix[i] ?? 0) + (suffix[i + 1] ?? 0);
  return bounds.map((bound) => {
    const value = bound / ratio;
    const bucket = bounds.findIndex((upper) => upper >= value);
    const share = (bounds[bucket] ?? 0) === value ? 0 : shareAbove(known, bucket, value);
    return (suffix[bucket + 1] ?? 0) + share * (counts[bucket] ?? 0);
  });
}

/** Of a bucket's answers, the share that is above a point inside it, guessed upwards. */
function shareAbove(known: HistogramCounts, bucket: number, value: number): number {
  const { lower, upper } = edgesOf(known.bounds, bucket);
  const into = (value - lower) / (upper - lower);
  const rise = Math.max(0, slope(known, bucket - 1), slope(known, bucket)) * (upper - lower);
  if (rise < 1e-6) return 1 - into;
  // Of a density e^(rise·x) on 0 … 1; divided by e^rise, so that nothing overflows.
  return -Math.expm1(rise * (into - 1)) / -Math.expm1(-rise);
}

/** How fast the logarithm of the density rises from one bucket's middle to the next one's, 1/ms. */
function slope(known: HistogramCounts, bucket: number): number {
  if (bucket < 0 || bucket + 1 >= known.bounds.length) return 0;
  const [left, right] = [edgesOf(known.bounds, bucket), edgesOf(known.bounds, bucket + 1)];
  const density = (at: number, { lower, upper }: typeof left) =>
    ((known.counts[at] ?? 0) + 0.5) / (upper - lower);
  const distance = (right.lower + right.upper - left.lower - left.upper) / 2;
  return Math.log(density(bucket + 1, right) / density(bucket, left)) / distance;
}

function edgesOf(bounds: readonly number[], bucket: number) {
  const upper = bounds[bucket] ?? 0;
  return { lower: bucket === 0 ? Math.min(0, upper) : (bounds[bucket - 1] ?? 0), upper };
}
