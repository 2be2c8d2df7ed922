import type { RolloutMetric } from '../../api/model-rollout.ts';
import type { GateEvidence, GateLook, GateOutcome, Verdict } from './gate.ts';
import { blindEvidence } from './no-data.ts';
import { addPoint, EMPTY_PLOT, type Plot, pointsOf } from './plot.ts';

type QueryMetric = Extract<RolloutMetric, { type: 'Query' }>;

export interface QueryState {
  readonly type: 'Query';
  /** Breaches in a row. */
  readonly failures: number;
  /** Time of the sample last judged; a sample counts once, however often it is looked at. */
  readonly judgedAt: number | undefined;
  readonly stage: number;
  /** Samples judged as good in the present stage. */
  readonly passes: number;
  readonly points: Plot;
}

export const INITIAL: QueryState = {
  type: 'Query',
  failures: 0,
  judgedAt: undefined,
  stage: -1,
  passes: 0,
  points: EMPTY_PLOT,
};

/**
 * Any PromQL, against a range and against stable. A query's value is a reading and not a test, so a breach is a
 * number of breaches in a row. After the promotion only the range is left to judge by.
 */
export function observeQuery(
  metric: QueryMetric,
  state: QueryState = INITIAL,
  look: GateLook,
): GateOutcome<QueryState> {
  const { candidate, stable } = look.query;
  const comparing =
    look.bakingLooks === undefined && (metric.maxDifference !== undefined || metric.maxRatio !== undefined);
  if (candidate.kind !== 'value' || (comparing && stable.kind !== 'value')) {
    const readings = comparing ? { candidate, stable } : { candidate };
    const known = { ...identify(metric), ...strength(metric, state) };
    return { state, verdict: 'no-data', evidence: blindEvidence(known, readings, state.points, look.nowMs) };
  }
  const reference = comparing && stable.kind === 'value' ? stable.value : undefined;
  const wrong = objection(metric, candidate.value, reference);
  const staged = state.stage === look.stage ? state : { ...state, stage: look.stage, passes: 0 };
  const next =
    candidate.at === state.judgedAt
      ? staged
      : count(staged, wrong === undefined, candidate.at, look.counting);
  const point = {
    atMs: look.nowMs,
    log10M: strength(metric, next).log10M,
    candidate: candidate.value,
    stable: stable.kind === 'value' ? stable.value : undefined,
  };
  const plotted = { ...next, points: addPoint(next.points, point) };
  const verdict = judge(metric, plotted);
  const measured = { candidate: candidate.value, ...(reference === undefined ? {} : { stable: reference }) };
  return { state: plotted, verdict, evidence: explain(metric, plotted, verdict, wrong, measured) };
}

/** What is wrong with a value, in words; undefined: nothing. */
function objection(metric: QueryMetric, value: number, stable: number | undefined): string | undefined {
  const { min, max } = metric.thresholdRange ?? {};
  if (min !== undefined && value < min) return `${figure(value)} is less than ${min}`;
  if (max !== undefined && value > max) return `${figure(value)} is more than ${max}`;
  if (stable === undefined) return undefined;
  const { maxDifference, maxRatio } = metric;
  if (maxDifference !== undefined && Math.abs(value - stable) > maxDifference) {
    return `${figure(value)} is more than ${maxDifference} from stable's ${figure(stable)}`;
  }
  if (maxRatio !== undefined && value > maxRatio * stable) {
    return `${figure(value)} is more than ${maxRatio} times stable's ${figure(stable)}`;
  }
  return undefined;
}

function count(state: QueryState, good: boolean, at: number, counting: boolean): QueryState {
  if (!good) return { ...state, judgedAt: at, failures: state.failures + 1, passes: 0 };
  return { ...state, judgedAt: at, failures: 0, passes: state.passes + (counting ? 1 : 0) };
}

/** Breaches in a row and how many make one, in the place of sequential evidence. */
function strength(
  metric: QueryMetric,
  state: QueryState,
): { readonly log10M: number; readonly bound: number } {
  const bound = metric.consecutiveFailures;
  return { log10M: Math.min(state.failures, bound), bound };
}

function judge(metric: QueryMetric, state: QueryState): Verdict {
  if (state.failures >= metric.consecutiveFailures) return 'breach';
  return state.failures === 0 && state.passes > 0 ? 'pass' : 'insufficient';
}

function explain(
  metric: QueryMetric,
  state: QueryState,
  verdict: Verdict,
  wrong: string | undefined,
  measured: Readonly<Record<string, number>>,
): GateEvidence {
  const inRow = `${state.failures} of ${metric.consecutiveFailures} in a row`;
  const figures = Object.entries(measured).map(([version, value]) => `${version} ${figure(value)}`);
  return {
    ...identify(metric),
    ...strength(metric, state),
    verdict,
    counts: undefined,
    message: wrong === undefined ? `${figures.join(', ')}: within bounds` : `${wrong} (${inRow})`,
    needed: undefined,
    figures: measured,
    points: pointsOf(state.points),
  };
}

function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function identify(metric: QueryMetric) {
  return {
    gate: metric.name,
    type: metric.type,
    source: metric.query ?? `template ${metric.template?.name ?? ''}`,
    dryRun: metric.dryRun,
  };
}
