import { TOTAL_WEIGHT } from '../ir/ir.ts';
import type { Stage } from '../policy/rollout/plan.ts';
import { type PeerRule, type RuleState, slide, successRate, type Window } from './rule.ts';

export interface ArgoSettings {
  readonly name: string;
  readonly intervalMs: number;
  readonly initialDelayMs: number;
  /** Failed measurements that are borne; the next one aborts. */
  readonly failureLimit: number;
  readonly minSuccessRate: number;
  /** Errors in a row (no value, for one) that are borne. */
  readonly consecutiveErrorLimit: number;
}

/** The AnalysisTemplate of Argo Rollouts' documentation: `interval: 5m, failureLimit: 3`, success ≥ 0.95. */
export const ARGO_DOCUMENTED: ArgoSettings = {
  name: 'Argo-like, documented template',
  intervalMs: 300_000,
  initialDelayMs: 0,
  failureLimit: 3,
  minSuccessRate: 0.95,
  consecutiveErrorLimit: 4,
};

/** A measurement that ended in an error is taken again this soon. */
const ERROR_RETRY_MS = 10_000;
/** What the query of the template covers. */
const QUERY_WINDOW_MS = 300_000;

interface ArgoState extends RuleState {
  readonly startedAt: number;
  readonly failures: number;
  readonly errorsInRow: number;
  readonly nextMeasurementMs: number;
  readonly window: Window;
}

/**
 * Argo Rollouts' background analysis as its documentation tells it: a measurement at once and one an interval,
 * of the last five minutes; more than `failureLimit` failed ones abort, and so do more than four errors in a
 * row. Steps follow the clock alone; they are the rollout's own.
 */
export function argoLike(settings: ArgoSettings, stages: readonly Stage[]): PeerRule<ArgoState> {
  const { intervalMs, initialDelayMs, failureLimit, minSuccessRate, consecutiveErrorLimit } = settings;
  const measure = (state: ArgoState, atMs: number): ArgoState => {
    const abort = (message: string): ArgoState => ({
      ...state,
      outcome: 'rolled back',
      weight: 0,
      endedAt: atMs,
      message,
    });
    const rate = successRate(state.window);
    if (rate === undefined) {
      const errorsInRow = state.errorsInRow + 1;
      if (errorsInRow > consecutiveErrorLimit)
        return abort(`${errorsInRow} measurements in a row without a value`);
      return { ...state, errorsInRow, nextMeasurementMs: atMs + ERROR_RETRY_MS, message: 'no value' };
    }
    const failed = rate < minSuccessRate;
    const failures = state.failures + (failed ? 1 : 0);
    const message = `success rate ${(100 * rate).toFixed(2)} %`;
    if (failures > failureLimit) return abort(`${failures} failed measurements; last: ${message}`);
    return { ...state, failures, errorsInRow: 0, nextMeasurementMs: atMs + intervalMs, message };
  };
  const step = (state: ArgoState, atMs: number): ArgoState => {
    if (state.outcome !== 'under way') return state;
    const weight = weightAfter(stages, atMs - state.startedAt);
    if (weight < TOTAL_WEIGHT) return { ...state, weight };
    return { ...state, weight, outcome: 'promoted', endedAt: atMs, message: 'all steps done' };
  };
  return {
    name: settings.name,
    settings:
      `every ${intervalMs / 1000} s, failureLimit ${failureLimit}, success rate ≥ ${100 * minSuccessRate} % ` +
      "over 5 min, the rollout's own steps by the clock",
    start: (atMs) => ({
      outcome: 'under way',
      weight: weightAfter(stages, 0),
      endedAt: undefined,
      message: 'no measurement yet',
      startedAt: atMs,
      failures: 0,
      errorsInRow: 0,
      nextMeasurementMs: atMs + initialDelayMs,
      window: [],
    }),
    look(state, look) {
      const seen = { ...state, window: slide(state.window, look, QUERY_WINDOW_MS) };
      if (state.outcome !== 'under way') return seen;
      const measured = look.atMs < state.nextMeasurementMs ? seen : measure(seen, look.atMs);
      return step(measured, look.atMs);
    },
  };
}

/** The weight by the clock: a stage without a pause is gone through at once, the last one stays. */
function weightAfter(stages: readonly Stage[], elapsedMs: number): number {
  let left = elapsedMs;
  for (const { weight, pauseMs } of stages) {
    if (left < pauseMs || weight === TOTAL_WEIGHT) return weight;
    left -= pauseMs;
  }
  return TOTAL_WEIGHT;
}
