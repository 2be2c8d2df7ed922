import type { RolloutMetric } from '../../api/model-rollout.ts';
import type { HistogramCounts } from '../../observation/observation.ts';
import { addHistograms, sameBounds, totalCount } from '../../stats/histogram.ts';
import { accumulate, EMPTY_MIXTURE, log10Evidence, type Mixture } from '../../stats/mixture.ts';
import {
  comparisonsNeeded,
  effectiveCount,
  maximumShift,
  populationStabilityIndex,
  scoreShiftFactors,
} from '../../stats/score-shift.ts';
import { type GateEvidence, type GateLook, type GateOutcome, SUSPICION, type Verdict } from './gate.ts';
import { blindEvidence, missingVersion } from './no-data.ts';
import { pairHistograms, type TwoHistograms } from './pairing.ts';
import { addPoint, EMPTY_PLOT, type Plot, pointsOf } from './plot.ts';
import { compareEvidence, neededTraffic, percentage } from './wording.ts';

type ScoreShiftMetric = Extract<RolloutMetric, { type: 'ScoreShift' }>;

export interface ScoreShiftState {
  readonly type: 'ScoreShift';
  /** Of the present stage, in force. */
  readonly candidate: HistogramCounts | undefined;
  readonly stable: HistogramCounts | undefined;
  readonly shift: Mixture;
  readonly bounds: readonly number[];
  readonly stage: number;
  /** Not compared yet. */
  readonly pending: TwoHistograms | undefined;
  readonly points: Plot;
}

export const INITIAL: ScoreShiftState = {
  type: 'ScoreShift',
  candidate: undefined,
  stable: undefined,
  shift: EMPTY_MIXTURE,
  bounds: [],
  stage: -1,
  pending: undefined,
  points: EMPTY_PLOT,
};

/**
 * The distribution of the model's own scores against stable's: a breach once the evidence is strong that the
 * two cumulative distributions differ by more than `maxShift` somewhere. Watches as long as both versions have
 * traffic; after the promotion it has nothing to compare with and lets pass.
 */
export function observeScoreShift(
  metric: ScoreShiftMetric,
  state: ScoreShiftState = INITIAL,
  look: GateLook,
): GateOutcome<ScoreShiftState> {
  const candidate = look.candidate?.scores ?? missingVersion('candidate');
  const stable = look.stable?.scores ?? missingVersion('stable');
  if (look.bakingLooks !== undefined) {
    return { state, verdict: 'pass', evidence: explain(metric, state, 'pass', look) };
  }
  if (candidate.kind !== 'value' || stable.kind !== 'value') {
    const known = { ...identify(metric, look), ...strength(state, look) };
    const evidence = blindEvidence(known, { candidate, stable }, state.points, look.nowMs);
    return { state, verdict: 'no-data', evidence };
  }
  const next = learn(metric, state, candidate.value, stable.value, look);
  const point = {
    atMs: look.nowMs,
    log10M: strength(next, look).log10M,
    candidate: shiftOf(next),
    stable: metric.maxShift,
  };
  const plotted = { ...next, points: addPoint(next.points, point) };
  const verdict = judge(metric, plotted, look);
  return { state: plotted, verdict, evidence: explain(metric, plotted, verdict, look) };
}

function learn(
  metric: ScoreShiftMetric,
  state: ScoreShiftState,
  candidate: HistogramCounts,
  stable: HistogramCounts,
  look: GateLook,
): ScoreShiftState {
  const staged =
    state.stage === look.stage
      ? state
      : { ...state, stage: look.stage, candidate: undefined, stable: undefined };
  const next = look.counting
    ? {
        ...staged,
        candidate: addHistograms(staged.candidate, candidate),
        stable: addHistograms(staged.stable, stable),
      }
    : staged;
  const { pending, pair } = pairHistograms(state.pending, { candidate, stable });
  const factors = pair && scoreShiftFactors(pair.candidate, pair.stable, metric.maxShift);
  if (factors === undefined) return { ...next, pending };
  const before = sameBounds(state.bounds, candidate.bounds) ? state.shift : EMPTY_MIXTURE;
  return { ...next, pending, shift: accumulate(before, factors, 'spread'), bounds: candidate.bounds };
}

function strength(
  state: ScoreShiftState,
  look: GateLook,
): { readonly log10M: number; readonly bound: number } {
  return { log10M: log10Evidence(state.shift, 'spread'), bound: -Math.log10(look.alpha) };
}

function judge(metric: ScoreShiftMetric, state: ScoreShiftState, look: GateLook): Verdict {
  const { log10M, bound } = strength(state, look);
  if (log10M >= bound) return 'breach';
  if (log10M >= SUSPICION) return 'insufficient';
  const enough = comparisons(state) >= comparisonsNeeded(metric.maxShift, look.beta);
  // Of equal versions the largest of the measured differences is above zero; twice the bound allows for that.
  return enough && (shiftOf(state) ?? 1) <= 2 * metric.maxShift ? 'pass' : 'insufficient';
}

function comparisons(state: ScoreShiftState): number {
  return state.candidate === undefined || state.stable === undefined
    ? 0
    : effectiveCount(state.candidate, state.stable);
}

function shiftOf(state: ScoreShiftState): number | undefined {
  if (comparisons(state) === 0 || state.candidate === undefined || state.stable === undefined)
    return undefined;
  return maximumShift(state.candidate, state.stable);
}

function explain(
  metric: ScoreShiftMetric,
  state: ScoreShiftState,
  verdict: Verdict,
  look: GateLook,
): GateEvidence {
  const { log10M, bound } = strength(state, look);
  const shift = shiftOf(state);
  const { candidate, stable } = state;
  const measured = shift === undefined ? 'no scores compared yet' : `scores ${percentage(shift)} apart`;
  return {
    ...identify(metric, look),
    verdict,
    log10M,
    bound,
    counts:
      candidate === undefined || stable === undefined
        ? undefined
        : {
            candidate: { requests: totalCount(candidate), failures: 0 },
            stable: { requests: totalCount(stable), failures: 0 },
          },
    message: `${measured}, ${percentage(metric.maxShift)} tolerated: ${compareEvidence(log10M, bound)}`,
    needed:
      look.bakingLooks === undefined
        ? neededTraffic(comparisons(state), comparisonsNeeded(metric.maxShift, look.beta), 'comparisons')
        : undefined,
    figures:
      shift === undefined || candidate === undefined || stable === undefined
        ? { maxShift: metric.maxShift }
        : { maxShift: metric.maxShift, shift, psi: populationStabilityIndex(candidate, stable) },
    points: pointsOf(state.points),
  };
}

function identify(metric: ScoreShiftMetric, look: GateLook) {
  return {
    gate: metric.name,
    type: metric.type,
    source: look.candidate?.sources.scores ?? '',
    dryRun: metric.dryRun,
  };
}
