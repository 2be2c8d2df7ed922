import type { HistogramCounts } from '../observation/observation.ts';

/**
 * One histogram of several targets, from the growth of their cumulative buckets by `le`. Targets may have
 * different bounds; those that all of them have are kept, and there the sum is exact.
 *
 * @param scale how many of our units make one of theirs
 */
export function mergeBuckets(
  targets: readonly ReadonlyMap<string, number>[],
  scale: number,
): HistogramCounts {
  const [first, ...others] = targets.map(byBound);
  if (first === undefined) return { bounds: [], counts: [0] };
  const common = [...first.keys()].filter((bound) => others.every((other) => other.has(bound)));
  const bounds = common.filter(Number.isFinite).sort((a, b) => a - b);
  const counts: number[] = [];
  let below = 0;
  for (const bound of [...bounds, Number.POSITIVE_INFINITY]) {
    const cumulative = [first, ...others].reduce((sum, target) => sum + (target.get(bound) ?? 0), 0);
    counts.push(Math.max(0, cumulative - below));
    below = Math.max(below, cumulative);
  }
  return { bounds: bounds.map((bound) => tidy(bound * scale)), counts };
}

/** `le` is text, and one bound has several spellings: `1`, `1.0`, `1e+00`. */
function byBound(buckets: ReadonlyMap<string, number>): Map<number, number> {
  const bounds = new Map<number, number>();
  for (const [le, count] of buckets) {
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
    if (!Number.isNaN(bound)) bounds.set(bound, (bounds.get(bound) ?? 0) + count);
  }
  return bounds;
}

/** 0.025 s are 25 ms and not 25.000000000000004. */
function tidy(bound: number): number {
  return Number(bound.toPrecision(12));
}
