import type { BreakerPolicy } from '../../api/traffic-policy.ts';
import { knownValue } from '../../observation/reading.ts';
import { slowerThan } from '../../stats/slower.ts';
import type { BreakerObservation, CallCounts } from './decision.ts';

export const NO_CALLS: CallCounts = { requests: 0, failures: 0, abandoned: 0, timed: 0, slow: 0 };

/** Calls since the previous look; undefined when there is nothing to judge by, which is not the same as none. */
export function callsSince(observation: BreakerObservation, spec: BreakerPolicy): CallCounts | undefined {
  const requests = knownValue(observation.requests);
  if (requests === undefined) return undefined;
  const latencyMs = knownValue(observation.latencyMs);
  const slow = latencyMs === undefined ? undefined : slowerThan(latencyMs, spec.slowCall.duration);
  return { abandoned: 0, ...requests, timed: slow?.requests ?? 0, slow: slow?.failures ?? 0 };
}

/** Sum of two counts. */
export function addCalls(a: CallCounts, b: CallCounts): CallCounts {
  return {
    requests: a.requests + b.requests,
    failures: a.failures + b.failures,
    abandoned: a.abandoned + b.abandoned,
    timed: a.timed + b.timed,
    slow: a.slow + b.slow,
  };
}

/** Failures in percent of the requests, 0 without any. */
export function errorPercent(calls: CallCounts): number {
  return calls.requests > 0 ? (100 * calls.failures) / calls.requests : 0;
}

/** Slow calls in percent of those that were timed, 0 without any. */
export function slowPercent(calls: CallCounts): number {
  return calls.timed > 0 ? (100 * calls.slow) / calls.timed : 0;
}

/** Calls that ended without an answer, in percent of all that were begun, 0 without any. */
export function abandonedPercent({ requests, abandoned }: CallCounts): number {
  return requests + abandoned > 0 ? (100 * abandoned) / (requests + abandoned) : 0;
}
