import type { RolloutMetric } from '../../api/model-rollout.ts';
import type { HistogramCounts, RequestCounts } from '../../observation/observation.ts';
import { failureRate, NO_REQUESTS } from '../../stats/arms.ts';
import { logCertificate, requestsToCertificate } from '../../stats/certificate.ts';
import { log10Drift } from '../../stats/drift.ts';
import { EMPTY_MIXTURE, log10Evidence, type Mixture } from '../../stats/mixture.ts';
import { comparisonsNeeded, effectiveCount } from '../../stats/score-shift.ts';
import { EMPTY_SLOWER_TEST, log10Slower, type SlowerTest } from '../../stats/slower.ts';
import { type Blame, blamed, NO_BLAME } from './blame.ts';
import type { GateLook } from './gate.ts';
import type { TwoHistograms } from './pairing.ts';
import { EMPTY_PLOT, type Plot } from './plot.ts';
import { NO_SLOWNESS, type Slowness } from './slowness.ts';
import { NO_TREND, type Trend } from './trend.ts';

export type LatencyMetric = Extract<RolloutMetric, { type: 'Latency' }>;

/** A candidate near its bound is never certified; this many times the minimum traffic within it is enough. */
const PATIENCE = 10;
/** Difference of the shares of slow requests that must have had the chance to show before a step goes on. */
const VISIBLE_SHIFT = 0.1;

export interface LatencyState {
  readonly type: 'Latency';
  /** Of the present stage, in force. */
  readonly candidate: HistogramCounts | undefined;
  readonly stable: HistogramCounts | undefined;
  readonly slow: { readonly candidate: RequestCounts; readonly stable: RequestCounts };
  readonly absolute: Mixture;
  readonly relative: SlowerTest;
  readonly drift: Mixture;
  readonly certificate: Mixture;
  readonly stage: number;
  readonly blame: Blame;
  /** How stable's slow answers hang together. */
  readonly slowness: Slowness;
  readonly trend: Trend<TwoHistograms>;
  /** Not compared yet. */
  readonly pending: TwoHistograms | undefined;
  readonly points: Plot;
}

export const INITIAL: LatencyState = {
  type: 'Latency',
  candidate: undefined,
  stable: undefined,
  slow: { candidate: NO_REQUESTS, stable: NO_REQUESTS },
  absolute: EMPTY_MIXTURE,
  relative: EMPTY_SLOWER_TEST,
  drift: EMPTY_MIXTURE,
  certificate: EMPTY_MIXTURE,
  stage: -1,
  blame: NO_BLAME,
  slowness: NO_SLOWNESS,
  trend: NO_TREND,
  pending: undefined,
  points: EMPTY_PLOT,
};

/** The share of requests that may be slower than the bound: 1 − quantile. */
export function allowance(metric: LatencyMetric): number {
  return Math.min(0.999, Math.max(0.0001, 1 - (metric.quantile ?? 0.95)));
}

/** log₁₀ of the evidence that the candidate is too slow, and the bound at which it is enough. */
export function strength(
  metric: LatencyMetric,
  state: LatencyState,
  look: GateLook,
): { readonly log10M: number; readonly bound: number } {
  const bound = -Math.log10(look.alpha);
  if (look.bakingLooks !== undefined) {
    return { log10M: log10Drift(state.drift), bound: bound + Math.log10(Math.max(1, look.bakingLooks)) };
  }
  const tests = [
    ...(metric.thresholdRange === undefined ? [] : [log10Evidence(state.absolute, 'spread')]),
    ...(metric.maxRatio === undefined ? [] : [log10Slower(state.relative)]),
  ];
  const log10M = metric.maxRatio === undefined ? blamed(Math.min(...tests), state.blame) : Math.min(...tests);
  return { log10M, bound };
}

/** How much of this stage's traffic was seen, and how much lets the step go on. */
export function minimumTraffic(
  metric: LatencyMetric,
  state: LatencyState,
  look: GateLook,
): { readonly have: number; readonly need: number; readonly unit: string } {
  if (metric.thresholdRange === undefined) {
    const { candidate, stable } = state;
    const have = candidate === undefined || stable === undefined ? 0 : effectiveCount(candidate, stable);
    return { have, need: comparisonsNeeded(VISIBLE_SHIFT, look.beta), unit: 'comparisons' };
  }
  const bounds = { maxRate: allowance(metric), maxRatio: undefined };
  const have = state.slow.candidate.requests;
  if (logCertificate(state.certificate) >= -Math.log(look.beta))
    return { have, need: have, unit: 'requests' };
  const patient = PATIENCE * requestsToCertificate(EMPTY_MIXTURE, bounds, look.beta);
  const certain = have + requestsToCertificate(state.certificate, bounds, look.beta);
  const within = failureRate(state.slow.candidate) <= allowance(metric);
  return { have, need: within ? Math.min(patient, certain) : Math.max(certain, have + 1), unit: 'requests' };
}
