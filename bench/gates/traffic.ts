import type { VersionObservation } from '../../src/core/observation/observation.ts';
import type { GateLook } from '../../src/core/policy/rollout/gate.ts';
import type { Dispersion } from '../../src/core/stats/dispersion.ts';
import { binomial, poisson, type Random } from '../statistics/random.ts';

/** What a version does in a second. */
export interface Second {
  readonly failureRate: number;
  readonly medianMs: number;
}

/** Those of the sidecars' bootstrap, as far as they matter here. */
const BOUNDS_MS = [5, 7.5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 250, 300, 400, 500, 1000];
const SPREAD = 0.3;

/** A version as a gate sees it in one look of a second. */
export function drawVersion(
  random: Random,
  rate: number,
  second: Second,
  at: number,
  withLatency = true,
): VersionObservation {
  const requests = poisson(random, rate);
  const failures = binomial(random, requests, second.failureRate);
  const counts = [...BOUNDS_MS.map(() => 0), 0];
  for (let i = 0; withLatency && i < requests; i++) {
    const ms = second.medianMs * Math.exp(SPREAD * normal(random));
    const bucket = BOUNDS_MS.findIndex((bound) => ms <= bound);
    const index = bucket < 0 ? BOUNDS_MS.length : bucket;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return {
    requests: { kind: 'value', value: { requests, failures }, at },
    latencyMs: { kind: 'value', value: { bounds: BOUNDS_MS, counts }, at },
    scores: { kind: 'missing', detail: 'none' },
    endpoints: [],
    sources: { requests: 'drawn', latencyMs: 'drawn', scores: 'drawn' },
  };
}

/** One look of a gate at its only stage, in force. */
export function gateLook(
  versions: Pick<GateLook, 'candidate' | 'stable'>,
  failureDispersion: Dispersion,
  alpha: number,
  nowMs: number,
): GateLook {
  const missing = { kind: 'missing', detail: 'none' } as const;
  return {
    ...versions,
    nowMs,
    query: { candidate: missing, stable: missing },
    alpha,
    beta: 0.05,
    stage: 0,
    failureDispersion,
    counting: true,
    bakingLooks: undefined,
  };
}

function normal({ next }: Random): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
