import type { RolloutMetric } from '../../api/model-rollout.ts';
import { type ArmCounts, failureRate } from '../../stats/arms.ts';
import type { CertificateBounds } from '../../stats/certificate.ts';
import { log10Drift } from '../../stats/drift.ts';
import { EMPTY_MIXTURE, log10Evidence, type Mixture } from '../../stats/mixture.ts';
import { type Abandonment, eitherEvidence, NO_ABANDONMENT } from './abandonment.ts';
import { type Blame, blamed, NO_BLAME } from './blame.ts';
import type { GateLook } from './gate.ts';
import { NO_ARMS } from './pairing.ts';
import { EMPTY_PLOT, type Plot } from './plot.ts';
import { NO_TREND, type Trend } from './trend.ts';

export type ErrorRateMetric = Extract<RolloutMetric, { type: 'ErrorRate' }>;

/** With a ratio alone, "safe enough" still needs a rate: the one that the API assumes where nothing is said. */
export const ASSUMED_MAX_RATE = 0.01;

export interface ErrorRateState {
  readonly type: 'ErrorRate';
  /** Since the warm-up. */
  readonly total: ArmCounts;
  /** Since the candidate began to fail more than it may; what a message is about. */
  readonly recent: ArmCounts;
  /** Not compared yet. */
  readonly pending: ArmCounts;
  readonly relative: Mixture;
  readonly absolute: Mixture;
  readonly drift: Mixture;
  readonly abandonment: Abandonment;
  readonly blame: Blame;
  readonly trend: Trend<ArmCounts>;
  readonly certificate: Mixture;
  /** The stage that the certificate is for, and its requests. */
  readonly stage: number;
  readonly stageRequests: number;
  readonly points: Plot;
}

export const INITIAL: ErrorRateState = {
  type: 'ErrorRate',
  total: NO_ARMS,
  recent: NO_ARMS,
  pending: NO_ARMS,
  relative: EMPTY_MIXTURE,
  absolute: EMPTY_MIXTURE,
  drift: EMPTY_MIXTURE,
  abandonment: NO_ABANDONMENT,
  blame: NO_BLAME,
  trend: NO_TREND,
  certificate: EMPTY_MIXTURE,
  stage: -1,
  stageRequests: 0,
  points: EMPTY_PLOT,
};

/** What a step must be shown to stay within. */
export function certificateBounds(metric: ErrorRateMetric): CertificateBounds {
  return { maxRate: metric.thresholdRange?.max ?? ASSUMED_MAX_RATE, maxRatio: metric.maxRatio };
}

/** The rate that neither test would object to, by what stable showed while there was one. */
export function tolerableRate(metric: ErrorRateMetric, state: ErrorRateState): number {
  const absolute = metric.thresholdRange?.max ?? (metric.maxRatio === undefined ? ASSUMED_MAX_RATE : 0);
  const relative = (metric.maxRatio ?? 0) * failureRate(state.total.stable);
  return Math.min(0.5, Math.max(absolute, relative, 0.001));
}

/** log₁₀ of the evidence that the candidate fails too much, and the bound at which it is enough. */
export function strength(
  metric: ErrorRateMetric,
  state: ErrorRateState,
  look: GateLook,
): { readonly log10M: number; readonly bound: number } {
  const bound = -Math.log10(look.alpha);
  if (look.bakingLooks !== undefined) {
    return { log10M: log10Drift(state.drift), bound: bound + Math.log10(Math.max(1, look.bakingLooks)) };
  }
  const tests = [
    ...(metric.maxRatio === undefined ? [] : [log10Evidence(state.relative, 'spread')]),
    ...(metric.thresholdRange === undefined ? [] : [log10Evidence(state.absolute, 'spread')]),
  ];
  const fails = metric.maxRatio === undefined ? blamed(Math.min(...tests), state.blame) : Math.min(...tests);
  return { log10M: eitherEvidence(fails, state.abandonment), bound };
}
