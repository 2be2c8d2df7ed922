import type { HistogramCounts } from '../../observation/observation.ts';
import { absoluteErrorFactors } from '../../stats/absolute-error.ts';
import { certify } from '../../stats/certificate.ts';
import { deflate } from '../../stats/dispersion.ts';
import { watchDrift } from '../../stats/drift.ts';
import { addHistograms, quantileOf, sameBounds, scaleHistogram } from '../../stats/histogram.ts';
import { accumulate, EMPTY_MIXTURE } from '../../stats/mixture.ts';
import { slowerThan, testSlower } from '../../stats/slower.ts';
import { learnBlame } from './blame.ts';
import { type BurstEffects, deflatePair } from './bursts.ts';
import { type GateLook, type GateOutcome, SUSPICION, type Verdict } from './gate.ts';
import { explainLatency, finite, identifyLatency } from './latency-evidence.ts';
import {
  allowance,
  INITIAL,
  type LatencyMetric,
  type LatencyState,
  minimumTraffic,
  strength,
} from './latency-state.ts';
import { blindEvidence, missingVersion } from './no-data.ts';
import { pairHistograms, type TwoHistograms } from './pairing.ts';
import { addPoint } from './plot.ts';
import { learnSlowness, slownessEffects } from './slowness.ts';
import { followLatency } from './trend.ts';

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
    const known = { ...identifyLatency(metric, look), ...strength(metric, state, look) };
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
  return { state: plotted, verdict, evidence: explainLatency(metric, plotted, verdict, look) };
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
  const effects = slownessEffects(next.slowness, next.candidate, next.stable);
  const absolute =
    slow === undefined || slow.requests === 0
      ? state.absolute
      : accumulate(
          state.absolute,
          absoluteErrorFactors(deflate(slow, effects.candidate), allowance(metric)),
          'spread',
        );
  const paired = pair === undefined ? next : compare(metric, next, pair, effects, look.nowMs);
  return { ...paired, slowness: learnSlowness(next.slowness, stable, look.nowMs), absolute };
}

/** The comparison with stable. */
function compare(
  metric: LatencyMetric,
  state: LatencyState,
  { candidate, stable }: TwoHistograms,
  effects: BurstEffects,
  nowMs: number,
): LatencyState {
  const { maxRatio, onBreach, thresholdRange } = metric;
  if (!sameBounds(candidate.bounds, stable.bounds)) return state;
  if (maxRatio === undefined) {
    const max = thresholdRange?.max ?? 0;
    const slow = { candidate: slowerThan(candidate, max), stable: slowerThan(stable, max) };
    return { ...state, blame: learnBlame(state.blame, deflatePair(slow, effects)) };
  }
  const worth = {
    candidate: scaleHistogram(candidate, 1 / effects.candidate),
    stable: scaleHistogram(stable, 1 / effects.stable),
  };
  const relative = testSlower(state.relative, worth.candidate, worth.stable, maxRatio);
  if (onBreach !== 'Freeze') return { ...state, relative };
  const leastRise = Math.log(1 + (maxRatio - 1) / 2);
  return {
    ...state,
    relative,
    trend: followLatency(state.trend, { candidate, stable }, leastRise, nowMs),
  };
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

function judge(metric: LatencyMetric, state: LatencyState, look: GateLook): Verdict {
  const { log10M, bound } = strength(metric, state, look);
  if (log10M >= bound || state.trend.inflection !== undefined) return 'breach';
  if (look.bakingLooks !== undefined) return 'pass';
  if (log10M >= SUSPICION) return 'insufficient';
  const traffic = minimumTraffic(metric, state, look);
  return traffic.have >= traffic.need ? 'pass' : 'insufficient';
}
