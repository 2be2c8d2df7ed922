import type { RequestCounts } from '../../observation/observation.ts';
import { absoluteErrorFactors } from '../../stats/absolute-error.ts';
import { type ArmCounts, addCounts, failureRate, NO_REQUESTS } from '../../stats/arms.ts';
import { certify, logCertificate } from '../../stats/certificate.ts';
import { deflate } from '../../stats/dispersion.ts';
import { watchDrift } from '../../stats/drift.ts';
import { accumulate, EMPTY_MIXTURE } from '../../stats/mixture.ts';
import { relativeErrorFactors } from '../../stats/relative-error.ts';
import { learnAbandonment } from './abandonment.ts';
import { learnBlame } from './blame.ts';
import { type BurstEffects, burstEffects, deflatePair } from './bursts.ts';
import { explainErrorRate, identifyErrorRate } from './error-rate-evidence.ts';
import {
  ASSUMED_MAX_RATE,
  certificateBounds,
  type ErrorRateMetric,
  type ErrorRateState,
  INITIAL,
  strength,
  tolerableRate,
} from './error-rate-state.ts';
import { type GateLook, type GateOutcome, SUSPICION, type Verdict } from './gate.ts';
import { blindEvidence, missingVersion } from './no-data.ts';
import { NO_ARMS, pairCounts } from './pairing.ts';
import { addPoint } from './plot.ts';
import { followFailures } from './trend.ts';

/**
 * Failed requests, candidate against stable and against a bound. A breach needs both tests to reject where both
 * are configured: a service whose stable version fails too must not blame the candidate. After the promotion
 * there is no stable traffic, and the drift detector watches the rate against what was tolerable before.
 */
export function observeErrorRate(
  metric: ErrorRateMetric,
  state: ErrorRateState = INITIAL,
  look: GateLook,
): GateOutcome<ErrorRateState> {
  const candidate = look.candidate?.requests ?? missingVersion('candidate');
  const stable = look.stable?.requests ?? missingVersion('stable');
  const comparing = metric.maxRatio !== undefined && look.bakingLooks === undefined;
  if (candidate.kind !== 'value' || (comparing && stable.kind !== 'value')) {
    const known = { ...identifyErrorRate(metric, look), ...strength(metric, state, look) };
    const readings = comparing ? { candidate, stable } : { candidate };
    return { state, verdict: 'no-data', evidence: blindEvidence(known, readings, state.points, look.nowMs) };
  }
  const counts = { candidate: candidate.value, stable: stable.kind === 'value' ? stable.value : NO_REQUESTS };
  const next = learn(metric, state, counts, look);
  const { log10M, bound } = strength(metric, next, look);
  const point = {
    atMs: look.nowMs,
    log10M,
    candidate: counts.candidate.requests > 0 ? failureRate(counts.candidate) : undefined,
    stable: counts.stable.requests > 0 ? failureRate(counts.stable) : undefined,
  };
  const plotted = { ...next, points: addPoint(next.points, point) };
  const verdict = judge(plotted, log10M, bound, look);
  return { state: plotted, verdict, evidence: explainErrorRate(metric, plotted, verdict, look) };
}

function learn(
  metric: ErrorRateMetric,
  state: ErrorRateState,
  counts: ArmCounts,
  look: GateLook,
): ErrorRateState {
  const staged = enterStage(state, look.stage);
  const { pending, pair } = pairCounts(state.pending, counts);
  const next: ErrorRateState = {
    ...(look.counting ? countStage(metric, staged, counts.candidate, pair) : staged),
    total: {
      candidate: addCounts(state.total.candidate, counts.candidate),
      stable: addCounts(state.total.stable, counts.stable),
    },
    recent: recentArms(metric, state, counts),
    pending,
  };
  if (look.bakingLooks !== undefined) {
    return { ...next, drift: watchDrift(state.drift, counts.candidate, tolerableRate(metric, state)) };
  }
  const effects = burstEffects(look.failureDispersion, next.total);
  const tested = { ...next, ...test(metric, state, counts.candidate, pair, effects) };
  return {
    ...tested,
    abandonment:
      metric.maxRatio === undefined
        ? state.abandonment
        : learnAbandonment(state.abandonment, counts, {
            maxRatio: metric.maxRatio,
            maxRate: metric.thresholdRange?.max ?? ASSUMED_MAX_RATE,
          }),
    trend:
      metric.onBreach !== 'Freeze' || pair === undefined
        ? state.trend
        : followFailures(state.trend, pair, leastRise(metric, state), look.nowMs),
  };
}

/** The sequential tests, of counts that are worth what they tell. */
function test(
  metric: ErrorRateMetric,
  state: ErrorRateState,
  candidate: RequestCounts,
  pair: ArmCounts | undefined,
  effects: BurstEffects,
): Pick<ErrorRateState, 'relative' | 'absolute' | 'blame'> {
  const maxRate = metric.thresholdRange?.max;
  const compared = pair && deflatePair(pair, effects);
  return {
    relative:
      metric.maxRatio === undefined || compared === undefined
        ? state.relative
        : accumulate(state.relative, relativeErrorFactors(compared, metric.maxRatio), 'spread'),
    absolute:
      maxRate === undefined || candidate.requests === 0
        ? state.absolute
        : accumulate(
            state.absolute,
            absoluteErrorFactors(deflate(candidate, effects.candidate), maxRate),
            'spread',
          ),
    blame:
      metric.maxRatio !== undefined || compared === undefined
        ? state.blame
        : learnBlame(state.blame, compared),
  };
}

/** Half the way to what is tolerated: a turn that deserves a stop before any bound is reached. */
function leastRise(metric: ErrorRateMetric, state: ErrorRateState): number {
  return tolerableRate(metric, state) / 2;
}

function enterStage(state: ErrorRateState, stage: number): ErrorRateState {
  return state.stage === stage ? state : { ...state, stage, certificate: EMPTY_MIXTURE, stageRequests: 0 };
}

/** Traffic of the stage, in force: what a certificate may be given for. */
function countStage(
  metric: ErrorRateMetric,
  state: ErrorRateState,
  candidate: RequestCounts,
  pair: ArmCounts | undefined,
): ErrorRateState {
  if (candidate.requests === 0 && pair === undefined) return state;
  return {
    ...state,
    certificate: certify(state.certificate, candidate, pair, certificateBounds(metric)),
    stageRequests: state.stageRequests + candidate.requests,
  };
}

/** Starts over whenever the failures since then are no more than tolerable. */
function recentArms(metric: ErrorRateMetric, state: ErrorRateState, counts: ArmCounts): ArmCounts {
  const candidate = addCounts(state.recent.candidate, counts.candidate);
  const stable = addCounts(state.recent.stable, counts.stable);
  const tolerable = tolerableRate(metric, state) * candidate.requests;
  return candidate.failures > tolerable ? { candidate, stable } : NO_ARMS;
}

function judge(state: ErrorRateState, log10M: number, bound: number, look: GateLook): Verdict {
  if (log10M >= bound || state.trend.inflection !== undefined) return 'breach';
  if (look.bakingLooks !== undefined) return 'pass';
  if (log10M >= SUSPICION) return 'insufficient';
  return logCertificate(state.certificate) >= -Math.log(look.beta) ? 'pass' : 'insufficient';
}
