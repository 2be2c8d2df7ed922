import type { RolloutMetric } from '../../api/model-rollout.ts';
import type { RequestCounts } from '../../observation/observation.ts';
import { absoluteErrorFactors } from '../../stats/absolute-error.ts';
import { type ArmCounts, addCounts, failureRate, NO_REQUESTS } from '../../stats/arms.ts';
import {
  type CertificateBounds,
  certify,
  logCertificate,
  requestsToCertificate,
} from '../../stats/certificate.ts';
import { log10Drift, watchDrift } from '../../stats/drift.ts';
import { accumulate, EMPTY_MIXTURE, log10Evidence, type Mixture } from '../../stats/mixture.ts';
import { relativeErrorFactors } from '../../stats/relative-error.ts';
import {
  type Abandonment,
  eitherEvidence,
  learnAbandonment,
  log10Abandonment,
  NO_ABANDONMENT,
} from './abandonment.ts';
import {
  addPoint,
  type EvidencePoint,
  type GateEvidence,
  type GateLook,
  type GateOutcome,
  SUSPICION,
  type Verdict,
} from './gate.ts';
import { blindEvidence, missingVersion } from './no-data.ts';
import { NO_ARMS, pairCounts } from './pairing.ts';
import { compareEvidence, neededTraffic } from './wording.ts';

type ErrorRateMetric = Extract<RolloutMetric, { type: 'ErrorRate' }>;

/** With a ratio alone, "safe enough" still needs a rate: the one that the API assumes where nothing is said. */
const ASSUMED_MAX_RATE = 0.01;

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
  readonly certificate: Mixture;
  /** The stage that the certificate is for, and its requests. */
  readonly stage: number;
  readonly stageRequests: number;
  readonly points: readonly EvidencePoint[];
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
  certificate: EMPTY_MIXTURE,
  stage: -1,
  stageRequests: 0,
  points: [],
};

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
    const known = { ...identify(metric, look), ...strength(metric, state, look) };
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
  return { state: plotted, verdict, evidence: explain(metric, plotted, verdict, look) };
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
  const maxRate = metric.thresholdRange?.max;
  return {
    ...next,
    abandonment:
      metric.maxRatio === undefined
        ? state.abandonment
        : learnAbandonment(state.abandonment, counts, {
            maxRatio: metric.maxRatio,
            maxRate: maxRate ?? ASSUMED_MAX_RATE,
          }),
    relative:
      metric.maxRatio === undefined || pair === undefined
        ? state.relative
        : accumulate(state.relative, relativeErrorFactors(pair, metric.maxRatio), 'spread'),
    absolute:
      maxRate === undefined || counts.candidate.requests === 0
        ? state.absolute
        : accumulate(state.absolute, absoluteErrorFactors(counts.candidate, maxRate), 'spread'),
  };
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

function certificateBounds(metric: ErrorRateMetric): CertificateBounds {
  return { maxRate: metric.thresholdRange?.max ?? ASSUMED_MAX_RATE, maxRatio: metric.maxRatio };
}

/** The rate that neither test would object to, by what stable showed while there was one. */
function tolerableRate(metric: ErrorRateMetric, state: ErrorRateState): number {
  const absolute = metric.thresholdRange?.max ?? (metric.maxRatio === undefined ? ASSUMED_MAX_RATE : 0);
  const relative = (metric.maxRatio ?? 0) * failureRate(state.total.stable);
  return Math.min(0.5, Math.max(absolute, relative, 0.001));
}

function strength(
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
  return { log10M: eitherEvidence(Math.min(...tests), state.abandonment), bound };
}

function judge(state: ErrorRateState, log10M: number, bound: number, look: GateLook): Verdict {
  if (log10M >= bound) return 'breach';
  if (look.bakingLooks !== undefined) return 'pass';
  if (log10M >= SUSPICION) return 'insufficient';
  return logCertificate(state.certificate) >= -Math.log(look.beta) ? 'pass' : 'insufficient';
}

function explain(
  metric: ErrorRateMetric,
  state: ErrorRateState,
  verdict: Verdict,
  look: GateLook,
): GateEvidence {
  const { log10M, bound } = strength(metric, state, look);
  const shown = log10M >= SUSPICION && state.recent.candidate.requests > 0 ? state.recent : state.total;
  const hangs = log10M >= SUSPICION && log10Abandonment(state.abandonment) >= log10M;
  const [counted, told] = hangs ? [state.abandonment.total, lost] : [shown, failed];
  const more = requestsToCertificate(state.certificate, certificateBounds(metric), look.beta);
  return {
    ...identify(metric, look),
    verdict,
    log10M,
    bound,
    counts: state.total,
    message: `candidate ${told(counted.candidate)}, stable ${told(counted.stable)}: ${compareEvidence(log10M, bound)}`,
    needed:
      look.bakingLooks === undefined
        ? neededTraffic(state.stageRequests, state.stageRequests + more, 'requests')
        : undefined,
    figures: {
      candidateRate: failureRate(state.total.candidate),
      stableRate: failureRate(state.total.stable),
      recentCandidateRate: failureRate(state.recent.candidate),
    },
    points: state.points,
  };
}

function failed(counts: RequestCounts): string {
  return `${counts.failures} of ${counts.requests} failed`.replace('0 of 0 failed', 'had no requests');
}

function lost(counts: RequestCounts): string {
  return `${counts.failures} of ${counts.requests} never answered`.replace(
    '0 of 0 never answered',
    'had no requests',
  );
}

function identify(metric: ErrorRateMetric, look: GateLook) {
  return {
    gate: metric.name,
    type: metric.type,
    source: look.candidate?.sources.requests ?? '',
    dryRun: metric.dryRun,
  };
}
