import type { EndpointObservation } from '../../observation/observation.ts';
import { knownValue } from '../../observation/reading.ts';
import { abandonedOf } from '../../stats/arms.ts';
import { addToCusum, EMPTY_CUSUM, excessScores } from '../../stats/cusum.ts';
import type { EndpointMemory } from './decision.ts';

/** An endpoint that nothing is known of has its fair share. */
export const NEW_ENDPOINT: EndpointMemory = {
  errorLog: 0,
  loadLog: 0,
  latencyLog: 0,
  requests: 0,
  failures: 0,
  run: EMPTY_CUSUM,
  hung: EMPTY_CUSUM,
  timed: 0,
  latencyTotalMs: 0,
  utilization: undefined,
  queue: undefined,
  blindMs: 0,
  derated: false,
};

/** Errors are rare: their memory is long enough to tell rates of a few percent apart. */
const ERROR_HALF_LIFE_MS = 10_000;
/** Load changes fast, and every second of delay costs stability. */
const LOAD_HALF_LIFE_MS = 1_000;

/** Fewer requests tell no mean latency. */
export const LEAST_TIMED = 8;
/** A run of failures begins above twice the fleet's rate, and never below this. */
const LEAST_RUN_RATE = 0.05;
/** An endpoint that loses more calls than this hangs; of fewer the callers may have pressed "stop". */
const HUNG_SHARE = 0.5;

/**
 * What was seen of an endpoint since the previous look, added to what is remembered.
 * @param fleetRate failures per request over all endpoints
 */
export function learn(
  memory: EndpointMemory,
  seen: EndpointObservation | undefined,
  fleetRate: number,
  elapsedMs: number,
): EndpointMemory {
  const requests = seen === undefined ? undefined : knownValue(seen.requests);
  if (seen === undefined || requests === undefined) {
    return { ...memory, blindMs: memory.blindMs + elapsedMs };
  }
  const slow = decay(elapsedMs, ERROR_HALF_LIFE_MS);
  const fast = decay(elapsedMs, LOAD_HALF_LIFE_MS);
  const latency = latencyOf(seen, requests.requests, elapsedMs);
  // An endpoint that gets little is remembered for longer, or its latency would never be known.
  const enough = memory.timed > 0 ? (LEAST_TIMED - latency.timed) / memory.timed : 0;
  const kept = Math.min(slow, Math.max(fast, enough));
  return {
    ...memory,
    requests: slow * memory.requests + requests.requests,
    failures: slow * memory.failures + requests.failures,
    run: addToCusum(
      memory.run,
      requests,
      excessScores(Math.min(0.9, Math.max(LEAST_RUN_RATE, 2 * fleetRate))),
    ),
    hung: addToCusum(memory.hung, abandonedOf(requests), excessScores(HUNG_SHARE)),
    timed: kept * memory.timed + latency.timed,
    latencyTotalMs: kept * memory.latencyTotalMs + latency.totalMs,
    utilization: smooth(memory.utilization, knownValue(seen.utilization), fast),
    queue: smooth(memory.queue, knownValue(seen.queue), fast),
    blindMs: 0,
  };
}

/**
 * The mean latency that a source tells, or by Little's law from the requests under way: latency × rate = in
 * flight. One that is stuck, with requests under way and none finished, is as slow as the time since.
 */
function latencyOf(
  seen: EndpointObservation,
  requests: number,
  elapsedMs: number,
): { readonly timed: number; readonly totalMs: number } {
  const told = knownValue(seen.latencyMs);
  if (told !== undefined && requests > 0) return { timed: requests, totalMs: told * requests };
  const inFlight = knownValue(seen.inFlight) ?? 0;
  if (inFlight === 0 || elapsedMs === 0) return { timed: 0, totalMs: 0 };
  return { timed: Math.max(requests, inFlight), totalMs: inFlight * elapsedMs };
}

function decay(elapsedMs: number, halfLifeMs: number): number {
  return 2 ** (-elapsedMs / halfLifeMs);
}

function smooth(before: number | undefined, now: number | undefined, fade: number): number | undefined {
  if (now === undefined) return before;
  return before === undefined ? now : fade * before + (1 - fade) * now;
}
