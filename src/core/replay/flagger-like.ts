import { TOTAL_WEIGHT } from '../ir/ir.ts';
import { latencyQuantile, type PeerRule, type RuleState, slide, successRate, type Window } from './rule.ts';

export interface FlaggerSettings {
  readonly name: string;
  readonly intervalMs: number;
  /** Failed checks, in sum, that end the analysis. */
  readonly threshold: number;
  readonly stepPercent: number;
  readonly maxPercent: number;
  readonly minSuccessRate: number;
  readonly maxP99Ms: number;
}

/** The canary of Flagger's tutorials: `interval: 1m, threshold: 5, stepWeight: 10, maxWeight: 50`, 99 %, 500 ms. */
export const FLAGGER_TUTORIAL: FlaggerSettings = {
  name: 'Flagger-like, tutorial',
  intervalMs: 60_000,
  threshold: 5,
  stepPercent: 10,
  maxPercent: 50,
  minSuccessRate: 0.99,
  maxP99Ms: 500,
};

/** What Flagger takes where an analysis does not say: one failed check. */
export const FLAGGER_DEFAULTS: FlaggerSettings = {
  ...FLAGGER_TUTORIAL,
  name: 'Flagger-like, defaults',
  threshold: 1,
};

interface FlaggerState extends RuleState {
  readonly failedChecks: number;
  readonly nextCheckMs: number;
  readonly window: Window;
}

/**
 * Flagger's analysis as its documentation tells it: every interval one check of the metrics over that interval;
 * a good one raises the weight, a bad one (also one without values) is counted, and the check after the
 * `threshold`th bad one rolls back. At the highest weight one more good check promotes.
 */
export function flaggerLike(settings: FlaggerSettings): PeerRule<FlaggerState> {
  const { intervalMs, threshold, stepPercent, maxPercent, minSuccessRate, maxP99Ms } = settings;
  const percent = TOTAL_WEIGHT / 100;
  const check = (state: FlaggerState, atMs: number): FlaggerState => {
    if (state.failedChecks >= threshold) {
      const message = `${state.failedChecks} failed checks; last: ${state.message}`;
      return { ...state, outcome: 'rolled back', weight: 0, endedAt: atMs, message };
    }
    const objection = object(state.window, minSuccessRate, maxP99Ms);
    if (objection !== undefined) {
      return { ...state, failedChecks: state.failedChecks + 1, message: objection };
    }
    if (state.weight >= maxPercent * percent) {
      return {
        ...state,
        outcome: 'promoted',
        weight: TOTAL_WEIGHT,
        endedAt: atMs,
        message: 'all checks done',
      };
    }
    const weight = Math.min(maxPercent, state.weight / percent + stepPercent) * percent;
    return { ...state, weight, message: `weight ${weight / percent} %` };
  };
  return {
    name: settings.name,
    settings:
      `every ${intervalMs / 1000} s, threshold ${threshold}, steps of ${stepPercent} % to ${maxPercent} %, ` +
      `success rate ≥ ${100 * minSuccessRate} %, P99 ≤ ${maxP99Ms} ms`,
    start: (atMs) => ({
      outcome: 'under way',
      weight: stepPercent * percent,
      endedAt: undefined,
      message: 'no check yet',
      failedChecks: 0,
      nextCheckMs: atMs + intervalMs,
      window: [],
    }),
    look(state, look) {
      const window = slide(state.window, look, intervalMs);
      const seen = { ...state, window };
      if (look.atMs < state.nextCheckMs || state.outcome !== 'under way') return seen;
      return check({ ...seen, nextCheckMs: state.nextCheckMs + intervalMs }, look.atMs);
    },
  };
}

function object(window: Window, minSuccessRate: number, maxP99Ms: number): string | undefined {
  const rate = successRate(window);
  if (rate === undefined) return 'no values: no request reached the candidate';
  if (rate < minSuccessRate) return `success rate ${(100 * rate).toFixed(2)} %`;
  const p99 = latencyQuantile(window, 0.99);
  return p99 !== undefined && p99 > maxP99Ms ? `P99 ${p99.toFixed(0)} ms` : undefined;
}
