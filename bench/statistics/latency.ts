import type { HistogramCounts } from '../../src/core/observation/observation.ts';
import { EMPTY_SLOWER_TEST, log10Slower, testSlower } from '../../src/core/stats/slower.ts';
import { poisson, type Random } from './random.ts';

// The latency gate's comparison with stable, by itself: log-normal latencies of 20 ms in the buckets of a sidecar,
// two milliseconds of the way on top.

/** Those of the sidecars' bootstrap that matter here. */
const BOUNDS_MS = [5, 7.5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 250, 300, 400, 500];
const MEDIAN_MS = 20;
const WAY_MS = 2;
/** Of the logarithm. */
const DEVIATION = 0.3;
/** A rollout has been watched for so long before the candidate turns slow. */
const HEALTHY_LOOKS = 6;

export interface SlowSetting {
  readonly ratePerSecond: number;
  readonly candidateShare: number;
  /** How many times as slow as stable the candidate becomes, as a sidecar sees it. */
  readonly slowness: number;
  readonly tolerated: number;
  readonly alpha: number;
}

/** Seconds from the turn to the rollback, a look a second; undefined: none within `seconds`. */
export function slowAfter(random: Random, setting: SlowSetting, seconds: number): number | undefined {
  const { ratePerSecond, candidateShare, slowness, tolerated, alpha } = setting;
  const bound = -Math.log10(alpha);
  let test = EMPTY_SLOWER_TEST;
  for (let second = 1 - HEALTHY_LOOKS; second <= seconds; second++) {
    const candidate = draw(random, ratePerSecond * candidateShare, second > 0 ? slowness : 1);
    const stable = draw(random, ratePerSecond * (1 - candidateShare), 1);
    test = testSlower(test, candidate, stable, tolerated);
    if (log10Slower(test) >= bound) return second;
  }
  return undefined;
}

function draw(random: Random, mean: number, slowness: number): HistogramCounts {
  const counts = [...BOUNDS_MS.map(() => 0), 0];
  for (let left = poisson(random, mean); left > 0; left--) {
    const ms = slowness * (MEDIAN_MS * Math.exp(DEVIATION * normal(random)) + WAY_MS);
    const found = BOUNDS_MS.findIndex((bound) => ms <= bound);
    const bucket = found < 0 ? BOUNDS_MS.length : found;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return { bounds: BOUNDS_MS, counts };
}

function normal({ next }: Random): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
