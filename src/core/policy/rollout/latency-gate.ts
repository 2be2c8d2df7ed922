import type { RolloutMetric } from '../../api/model-rollout.ts';
import type { HistogramCounts, RequestCounts } from '../../observation/observation.ts';
import { absoluteErrorFactors } from '../../stats/absolute-error.ts';
import { failureRate, NO_REQUESTS } from '../../stats/arms.ts';
import { certify, logCertificate, requestsToCertificate } from '../../stats/certificate.ts';
import { log10Drift, watchDrift } from '../../stats/drift.ts';
import { addHistograms, isBound, quantileOf, sameBounds } from '../../stats/histogram.ts';
import { accumulate, EMPTY_MIXTURE, log10Evidence, type Mixture } from '../../stats/mixture.ts';
import { comparisonsNeeded, effectiveCount } from '../../stats/score-shift.ts';
import { EMPTY_SLOWER_TEST, type SlowerTest, slowerThan, testSlower } from '../../stats/slower.ts';
import {
  addPoint,
  type EvidencePoint,
  type GateEvidence,
  type GateLook,
  type GateOutcome,
  SUSPICION,
  type Verdict,
} from './gate.ts';
import { followTrend, type LatencyTrend, NO_TREND } from './latency-trend.ts';
import { blindEvidence, missingVersion } from './no-data.ts';
import { pairHistograms, type TwoHistograms } from './pairing.ts';
import { compareEvidence, milliseconds, neededTraffic, percentage } from './wording.ts';

type LatencyMetric = Extract<RolloutMetric, { type: 'Latency' }>;

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
  readonly trend: LatencyTrend;
  /** Not compared yet. */
  readonly pending: TwoHistograms | undefined;
  readonly points: readonly EvidencePoint[];
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
  trend: NO_TREND,
  pending: undefined,
  points: [],
};

/**
 * How long answers take. Absolute: the share slower than the bound against 1 − quantile. Relative: at every
 * bucket bound, slower than stable stretched by the ratio. With both, both must reject. A gate that freezes
 * also freezes on an inflection: a turn upwards against stable, before any bound is reached.
 */
export function observeLatency(
  metric: LatencyMetric,
  state: LatencyState = INITIAL,
  look: GateLook,
): GateOutcome<LatencyState> {
  const candidate = look.candidate?.latencyMs ?? missingVersion('candidate');
  const stable = look.stable?.latencyMs ?? missingVersion('stable');
  const comparing = metric.maxRatio !== undefined && look.bakingLooks === undefined;
  if (candidate.kind !== 'value' || (comparing && stable.kind !== 'value')) {
    const known = { ...identify(metric, look), ...strength(metric, state, look) };
    const readings = comparing ? { candidate, stable } : { candidate };
    return { state, verdict: 'no-data', evidence: blindEvidence(known, readings, state.points, look.nowMs) };
  }
  const other =
    stable.kind === 'value'
      ? stable.value
      : { ...candidate.value, counts: candidate.value.counts.map(() => 0) };
  const next = learn(metric, state, candidate.value, other, look);
  const quantile = metric.quantile ?? 0.5;
  const point = {
    atMs: look.nowMs,
    log10M: strength(metric, next, look).log10M,
    candidate: finite(quantileOf(candidate.value, quantile)),
    stable: finite(quantileOf(other, quantile)),
  };
  const plotted = { ...next, points: addPoint(next.points, point) };
  const verdict = judge(metric, plotted, look);
  return { state: plotted, verdict, evidence: explain(metric, plotted, verdict, look) };
}

function learn(
  metric: LatencyMetric,
  state: LatencyState,
  candidate: HistogramCounts,
  stable: HistogramCounts,
  look: GateLook,
): LatencyState {
  const staged = enterStage(state, look.stage);
  const { pending, pair } = pairHistograms(state.pending, { candidate, stable });
  const next = { ...(look.counting ? countStage(metric, staged, candidate, stable) : staged), pending };
  const max = metric.thresholdRange?.max;
  const slow = max === undefined ? undefined : slowerThan(candidate, max);
  if (look.bakingLooks !== undefined) {
    return slow === undefined ? next : { ...next, drift: watchDrift(state.drift, slow, allowance(metric)) };
  }
  const absolute =
    slow === undefined || slow.requests === 0
      ? state.absolute
      : accumulate(state.absolute, absoluteErrorFactors(slow, allowance(metric)), 'spread');
  return { ...(pair === undefined ? next : compare(metric, next, pair, look.nowMs)), absolute };
}

/** The comparison with stable. */
function compare(
  metric: LatencyMetric,
  state: LatencyState,
  { candidate, stable }: TwoHistograms,
  nowMs: number,
): LatencyState {
  const { maxRatio, onBreach } = metric;
  if (maxRatio === undefined || !sameBounds(candidate.bounds, stable.bounds)) return state;
  const relative = testSlower(state.relative, candidate, stable, maxRatio);
  if (onBreach !== 'Freeze') return { ...state, relative };
  const leastRise = Math.log(1 + (maxRatio - 1) / 2);
  return { ...state, relative, trend: followTrend(state.trend, candidate, stable, leastRise, nowMs) };
}

function enterStage(state: LatencyState, stage: number): LatencyState {
  if (state.stage === stage) return state;
  return {
    ...state,
    stage,
    candidate: undefined,
    stable: undefined,
    slow: INITIAL.slow,
    certificate: EMPTY_MIXTURE,
  };
}

function countStage(
  metric: LatencyMetric,
  state: LatencyState,
  candidate: HistogramCounts,
  stable: HistogramCounts,
): LatencyState {
  const c = addHistograms(state.candidate, candidate);
  const s = addHistograms(state.stable, stable);
  const max = metric.thresholdRange?.max;
  if (max === undefined) return { ...state, candidate: c, stable: s };
  const slow = { candidate: slowerThan(c, max), stable: slowerThan(s, max) };
  const look = slowerThan(candidate, max);
  const certificate =
    look.requests > 0
      ? certify(state.certificate, look, undefined, { maxRate: allowance(metric), maxRatio: undefined })
      : state.certificate;
  return { ...state, candidate: c, stable: s, slow, certificate };
}

/** The share of requests that may be slower than the bound: 1 − quantile. */
function allowance(metric: LatencyMetric): number {
  return Math.min(0.999, Math.max(0.0001, 1 - (metric.quantile ?? 0.95)));
}

function strength(
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
    ...(metric.maxRatio === undefined ? [] : [log10Evidence(state.relative.mixture, 'spread')]),
  ];
  return { log10M: Math.min(...tests), bound };
}

function judge(metric: LatencyMetric, state: LatencyState, look: GateLook): Verdict {
  const { log10M, bound } = strength(metric, state, look);
  if (log10M >= bound || state.trend.inflection !== undefined) return 'breach';
  if (look.bakingLooks !== undefined) return 'pass';
  if (log10M >= SUSPICION) return 'insufficient';
  const traffic = minimumTraffic(metric, state, look);
  return traffic.have >= traffic.need ? 'pass' : 'insufficient';
}

/** How much of this stage's traffic was seen, and how much lets the step go on. */
function minimumTraffic(
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

function explain(metric: LatencyMetric, state: LatencyState, verdict: Verdict, look: GateLook): GateEvidence {
  const { log10M, bound } = strength(metric, state, look);
  const traffic = minimumTraffic(metric, state, look);
  return {
    ...identify(metric, look),
    verdict,
    log10M,
    bound,
    counts: metric.thresholdRange === undefined ? undefined : state.slow,
    message: describe(metric, state, log10M, bound),
    needed:
      look.bakingLooks === undefined ? neededTraffic(traffic.have, traffic.need, traffic.unit) : undefined,
    figures: figuresOf(metric, state),
    points: state.points,
  };
}

function describe(metric: LatencyMetric, state: LatencyState, log10M: number, bound: number): string {
  const evidence = compareEvidence(log10M, bound);
  const { inflection } = state.trend;
  if (inflection !== undefined && log10M < bound) {
    const times = Math.exp(inflection.after - inflection.before).toFixed(2);
    return `the candidate became ${times} times as slow against stable (${inflection.z.toFixed(1)} standard errors): ${evidence}`;
  }
  const max = metric.thresholdRange?.max;
  if (max === undefined) {
    const c = state.candidate === undefined ? Number.NaN : quantileOf(state.candidate, 0.5);
    const s = state.stable === undefined ? Number.NaN : quantileOf(state.stable, 0.5);
    return `median ${shown(c)}, stable ${shown(s)}, ${metric.maxRatio} times tolerated: ${evidence}`;
  }
  const exact = state.candidate === undefined || isBound(state.candidate, max) ? '' : ' (interpolated)';
  const { requests, failures } = state.slow.candidate;
  return `candidate ${Math.round(failures)} of ${requests} slower than ${milliseconds(max)}${exact}, ${percentage(allowance(metric))} allowed: ${evidence}`;
}

function figuresOf(metric: LatencyMetric, state: LatencyState): Readonly<Record<string, number>> {
  const quantile = metric.quantile ?? 0.5;
  const candidateMs =
    state.candidate === undefined ? undefined : finite(quantileOf(state.candidate, quantile));
  const stableMs = state.stable === undefined ? undefined : finite(quantileOf(state.stable, quantile));
  const { inflection } = state.trend;
  return {
    quantile,
    ...(candidateMs === undefined ? {} : { candidateMs }),
    ...(stableMs === undefined ? {} : { stableMs }),
    ...(metric.thresholdRange === undefined ? {} : { maxMs: metric.thresholdRange.max }),
    ...(inflection === undefined ? {} : { inflectionAtMs: inflection.atMs, inflectionZ: inflection.z }),
  };
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function shown(ms: number): string {
  return Number.isFinite(ms) ? milliseconds(ms) : 'unknown';
}

function identify(metric: LatencyMetric, look: GateLook) {
  return {
    gate: metric.name,
    type: metric.type,
    source: look.candidate?.sources.latencyMs ?? '',
    dryRun: metric.dryRun,
  };
}
