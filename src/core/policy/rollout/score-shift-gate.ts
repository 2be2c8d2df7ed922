import type { RolloutMetric } from '../../api/model-rollout.ts';
import type { HistogramCounts } from '../../observation/observation.ts';
import { log10Drift } from '../../stats/drift.ts';
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
  /** Stable's of the whole rollout: what the candidate is held against once stable has no traffic. */
  readonly reference: HistogramCounts | undefined;
  readonly shift: Mixture;
  readonly drift: Mixture;
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
  reference: undefined,
  shift: EMPTY_MIXTURE,
  drift: EMPTY_MIXTURE,
  bounds: [],
  stage: -1,
  pending: undefined,
  points: EMPTY_PLOT,
};

/**
 * The distribution of the model's own scores against stable's: a breach once the evidence is strong that the
 * two cumulative distributions differ by more than `maxShift` somewhere. After the promotion stable has no
 * traffic any more, and a drift detector holds the candidate against what stable's scores were before.
 */
export function observeScoreShift(
  metric: ScoreShiftMetric,
  state: ScoreShiftState = INITIAL,
  look: GateLook,
): GateOutcome<ScoreShiftState> {
  const candidate = look.candidate?.scores ?? missingVersion('candidate');
  const stable = look.stable?.scores ?? missingVersion('stable');
  const baking = look.bakingLooks !== undefined;
  if (candidate.kind !== 'value' || (stable.kind !== 'value' && !baking)) {
    const known = { ...identify(metric, look), ...strength(state, look) };
    const readings = baking ? { candidate } : { candidate, stable };
    const evidence = blindEvidence(known, readings, state.points, look.nowMs);
    return { state, verdict: 'no-data', evidence };
  }
  const next =
    baking || stable.kind !== 'value'
      ? bake(metric, state, candidate.value, look)
      : learn(metric, state, candidate.value, stable.value, look);
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

/** After the promotion: the candidate's scores of this time beside those that stable had. */
function bake(
  metric: ScoreShiftMetric,
  state: ScoreShiftState,
  candidate: HistogramCounts,
  look: GateLook,
): ScoreShiftState {
  const staged = {
    ...enterStage(state, look.stage),
    stable: state.reference,
    candidate: addHistograms(state.stage === look.stage ? state.candidate : undefined, candidate),
  };
  if (state.reference === undefined) return staged;
  const tolerated = metric.maxShift + referenceError(totalCount(state.reference), look.alpha);
  const factors = scoreShiftFactors(candidate, state.reference, tolerated);
  if (factors === undefined || totalCount(candidate) === 0) return staged;
  return { ...staged, drift: accumulate(state.drift, factors, 'every') };
}

/**
 * How far the shares of a sample of `n` may be from the true ones: √(ln(2/α)/(2n)) (Dvoretzky, Kiefer & Wolfowitz;
 * Massart 1990). The same reference is used at every look, so its error does not average out.
 */
function referenceError(n: number, alpha: number): number {
  return Math.sqrt(Math.log(2 / alpha) / (2 * Math.max(1, n)));
}

function enterStage(state: ScoreShiftState, stage: number): ScoreShiftState {
  return state.stage === stage ? state : { ...state, stage, candidate: undefined, stable: undefined };
}

function learn(
  metric: ScoreShiftMetric,
  state: ScoreShiftState,
  candidate: HistogramCounts,
  stable: HistogramCounts,
  look: GateLook,
): ScoreShiftState {
  const staged = {
    ...enterStage(state, look.stage),
    reference: addHistograms(state.reference, stable),
  };
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
  const bound = -Math.log10(look.alpha);
  if (look.bakingLooks !== undefined) {
    return { log10M: log10Drift(state.drift), bound: bound + Math.log10(Math.max(1, look.bakingLooks)) };
  }
  return { log10M: log10Evidence(state.shift, 'spread'), bound };
}

function judge(metric: ScoreShiftMetric, state: ScoreShiftState, look: GateLook): Verdict {
  const { log10M, bound } = strength(state, look);
  if (log10M >= bound) return 'breach';
  if (look.bakingLooks !== undefined) return 'pass';
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
  const than = look.bakingLooks === undefined ? 'apart' : "from stable's of before the promotion";
  const measured = shift === undefined ? 'no scores compared yet' : `scores ${percentage(shift)} ${than}`;
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
