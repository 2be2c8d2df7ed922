import type { HistogramCounts } from '../../observation/observation.ts';
import { type Dispersion, learnDispersion, NO_DISPERSION } from '../../stats/dispersion.ts';
import { totalCount } from '../../stats/histogram.ts';
import { slowerThan } from '../../stats/slower.ts';
import { type BurstEffects, burstEffects } from './bursts.ts';

/** How stable's slow answers hang together: a pause makes all answers of its time slow. */
export interface Slowness {
  /** What counts as slow: the bucket bound that about a tenth of stable's first answers were above. */
  readonly boundMs: number;
  readonly dispersion: Dispersion;
}

export const NO_SLOWNESS: Slowness = { boundMs: 0, dispersion: NO_DISPERSION };

const SLOW_SHARE = 0.1;
/** Answers by which the bound is chosen. */
const ENOUGH = 50;

/** One look at stable. */
export function learnSlowness(state: Slowness, stable: HistogramCounts, nowMs: number): Slowness {
  if (totalCount(stable) === 0) return state;
  const boundMs = state.boundMs > 0 ? state.boundMs : slowBound(stable);
  if (boundMs === undefined) return state;
  return { boundMs, dispersion: learnDispersion(state.dispersion, slowerThan(stable, boundMs), nowMs) };
}

function slowBound(stable: HistogramCounts): number | undefined {
  const total = totalCount(stable);
  if (total < ENOUGH) return undefined;
  const distance = (bound: number) => Math.abs(slowerThan(stable, bound).failures / total - SLOW_SHARE);
  return [...stable.bounds].sort((a, b) => distance(a) - distance(b))[0];
}

/** @param candidate with `stable`, what both had at this stage; tells how their traffic compares */
export function slownessEffects(
  { dispersion }: Slowness,
  candidate: HistogramCounts | undefined,
  stable: HistogramCounts | undefined,
): BurstEffects {
  const counts = (histogram: HistogramCounts | undefined) => ({
    requests: histogram === undefined ? 0 : totalCount(histogram),
    failures: 0,
  });
  return burstEffects(dispersion, { candidate: counts(candidate), stable: counts(stable) });
}
