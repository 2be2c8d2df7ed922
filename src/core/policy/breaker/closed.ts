import type { BreakerPolicy } from '../../api/traffic-policy.ts';
import { abandonedOf } from '../../stats/arms.ts';
import {
  addToCusum,
  EMPTY_CUSUM,
  excessScores,
  LIKELIHOOD_TRIP,
  likelihoodScores,
} from '../../stats/cusum.ts';
import { addToFading, addToWindow, emptyWindow, windowSum } from '../../stats/moving.ts';
import { errorPercent, slowPercent } from './calls.ts';
import type { BreakerState, CallCounts } from './decision.ts';

/** Failures above the threshold that are no chance: equal to about 7 nats at half the threshold. */
const EXCESS_TRIP = 5;

/**
 * From this share of calls without an answer on a service hangs. Below it the callers may have pressed "stop":
 * many do, and still get answers now and then.
 */
export const HUNG_PERCENT = 75;

/** "1 % fail" against "10 % fail". */
const WARNING_SCORES = likelihoodScores(0.01, 0.1);

/** A closed breaker's memory with the calls of one look more. */
export function remember(
  state: BreakerState,
  calls: CallCounts,
  spec: BreakerPolicy,
  nowMs: number,
): BreakerState {
  const values = [calls.requests, calls.failures, calls.timed, calls.slow, calls.abandoned];
  const sliding = spec.estimator === 'SlidingWindow';
  // A window that was made longer or shorter keeps what it has.
  const window = { ...emptyWindow(spec.window), slots: state.window?.slots ?? [] };
  const counts = { requests: calls.requests, failures: calls.failures };
  const warning = addToCusum(state.warning, counts, WARNING_SCORES);
  return {
    ...state,
    window: sliding ? addToWindow(window, values, nowMs) : undefined,
    fading: sliding ? undefined : addToFading(state.fading, values, nowMs, spec.window * Math.LN2),
    excess: addToCusum(state.excess, counts, excessScores(Math.min(0.99, spec.errorThresholdPercent / 100))),
    hung: addToCusum(state.hung, abandonedOf(calls), excessScores(HUNG_PERCENT / 100)),
    warning,
    warned: state.warned && warning.sum > 0,
  };
}

/** What a closed breaker forgets when it opens or closes. */
export const NOTHING_REMEMBERED = {
  window: undefined,
  fading: undefined,
  excess: EMPTY_CUSUM,
  hung: EMPTY_CUSUM,
  warning: EMPTY_CUSUM,
  warned: false,
} as const;

/** Calls in the window, by whichever estimator. */
export function remembered(state: BreakerState): CallCounts {
  const { window, fading } = state;
  const sum = (i: number): number => (window !== undefined ? windowSum(window, i) : (fading?.sums[i] ?? 0));
  return { requests: sum(0), failures: sum(1), timed: sum(2), slow: sum(3), abandoned: sum(4) };
}

/** Why a closed breaker opens now; undefined: it does not. */
export function tripReason(
  state: BreakerState,
  spec: BreakerPolicy,
): { readonly reason: string; readonly message: string } | undefined {
  const calls = remembered(state);
  const floor = spec.requestVolumeThreshold;
  const errors = errorPercent(calls);
  if (calls.requests >= floor && errors >= spec.errorThresholdPercent) {
    const message = `${count(calls.failures)} of ${count(calls.requests)} failed (${percent(errors)}, ${spec.errorThresholdPercent} % opens)`;
    return { reason: 'ErrorThreshold', message };
  }
  const slow = slowPercent(calls);
  if (calls.timed >= floor && slow >= spec.slowCall.thresholdPercent) {
    const message = `${count(calls.slow)} of ${count(calls.timed)} were slower than ${spec.slowCall.duration} ms (${percent(slow)}, ${spec.slowCall.thresholdPercent} % opens)`;
    return { reason: 'SlowCalls', message };
  }
  const { since, sum } = state.excess;
  if (spec.fastTrip && sum >= EXCESS_TRIP && Math.min(since.requests, calls.requests) >= floor) {
    const message = `${since.failures} of the last ${since.requests} failed, since that began`;
    return { reason: 'FailureRun', message };
  }
  const hung = state.hung.since;
  if (state.hung.sum >= EXCESS_TRIP && Math.min(hung.requests, calls.requests + calls.abandoned) >= floor) {
    const message = `${count(hung.failures)} of the last ${count(hung.requests)} calls were never answered`;
    return { reason: 'Hung', message };
  }
  return undefined;
}

/** Failures are rising towards ten percent, whatever the threshold is. */
export function isWarning(state: BreakerState): boolean {
  return state.warning.sum >= LIKELIHOOD_TRIP;
}

function count(value: number): string {
  return String(Math.round(value));
}

function percent(value: number): string {
  return `${Number(value.toFixed(1))} %`;
}
