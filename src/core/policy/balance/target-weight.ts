import type { BalancingPolicy } from '../../api/traffic-policy.ts';
import type { EndpointMemory } from './decision.ts';
import { LEAST_TIMED } from './endpoint-memory.ts';

/** What the law makes of an endpoint. */
export interface Target {
  /** Weights that it ought to have at once, for its errors and for its load, not yet against its peers. */
  readonly byErrors: number;
  readonly byLoad: number;
  /** How much its weight is to change for its latency: below 1 while it is slow, 1 to stay, Infinity at will. */
  readonly byLatency: number;
  readonly errorRate: number;
  readonly load: number | undefined;
  /** Mean latency against the median of its healthy peers. */
  readonly latencyRatio: number | undefined;
}

/** Requests by which an endpoint's error rate is drawn towards the fleet's: a few failures are no verdict. */
const SHRINKAGE = 20;
/**
 * Failures above the usual that make a run of them (three at least), and by how many requests its rate is drawn: by
 * fewer, since a run was looked for and found. In 60 simulated hours at 10 requests/s an endpoint, .5 % failing, no
 * endpoint fell below 83 % of its weight; one that fails 30 % is below 60 % after 4 s in the median.
 */
const RUN = 2.8;
const RUN_SHRINKAGE = 8;
/** Calls without an answer, above half of all, that are no chance. */
const HUNG = 5;
/** An endpoint that fails everything has this share of successes: its weight is the floor's matter. */
const LEAST_SUCCESS = 0.2;
/** Below this load nothing is to be balanced: one request of five that may wait. */
const LEAST_LOAD = 0.2;
/** From so many times its peers' latency on an endpoint is slow, and below so many it is not. */
const SLOW_RATIO = 2.5;
const FAST_RATIO = 1.8;
/** An endpoint that fails this often answers fast or slow for reasons of its own. */
const FAILING = 0.1;

/** Failures per request over all endpoints. */
export function fleetErrorRate(endpoints: Readonly<Record<string, EndpointMemory>>): number {
  const memories = Object.values(endpoints);
  const requests = memories.reduce((sum, each) => sum + each.requests, 0);
  const failures = memories.reduce((sum, each) => sum + each.failures, 0);
  return requests > 0 ? failures / requests : 0;
}

/**
 * w* ∝ (1 − ê)² / max(u, .2), with ê the error rate shrunk towards the fleet's and u the fullness by queue or
 * utilisation. Latency has no such level: how slow an endpoint is depends on what it gets, so its weight shrinks
 * by the excess over its peers' until it is not slow any more, stays there, and grows again once it is fast. An
 * endpoint that fails fast neither gains by its low latency nor makes its peers look slow.
 */
export function targetsOf(
  endpoints: Readonly<Record<string, EndpointMemory>>,
  spec: BalancingPolicy,
): Readonly<Record<string, Target>> {
  const fleetRate = fleetErrorRate(endpoints);
  const healthy = Object.values(endpoints).filter((each) => errorRateOf(each, fleetRate) < FAILING);
  return Object.fromEntries(
    Object.entries(endpoints).map(([address, each]) => {
      const errorRate = errorRateOf(each, fleetRate);
      const load = loadOf(each, spec);
      const latencyRatio = errorRate < FAILING ? ratioToPeers(each, healthy) : undefined;
      const byErrors = Math.max(LEAST_SUCCESS, 1 - errorRate) ** 2;
      const byLoad = 1 / Math.max(load ?? LEAST_LOAD, LEAST_LOAD);
      const byLatency = changeFor(latencyRatio);
      return [address, { byErrors, byLoad, byLatency, errorRate, load, latencyRatio }];
    }),
  );
}

function changeFor(ratio: number | undefined): number {
  if (ratio === undefined || ratio < FAST_RATIO) return Number.POSITIVE_INFINITY;
  return Math.min(1, SLOW_RATIO / ratio);
}

/**
 * By its memory, or by the failures since they began, which a long healthy past does not thin out, or by the calls
 * that were never answered.
 */
function errorRateOf({ requests, failures, run, hung }: EndpointMemory, fleetRate: number): number {
  const shrunk = (x: number, n: number, by = SHRINKAGE): number => (x + by * fleetRate) / (n + by);
  const lately = run.sum >= RUN ? shrunk(run.since.failures, run.since.requests, RUN_SHRINKAGE) : 0;
  const lost = hung.sum >= HUNG ? shrunk(hung.since.failures, hung.since.requests) : 0;
  return Math.max(lost, lately, shrunk(failures, requests));
}

/** How full an endpoint is, 1 is full; undefined where the model server does not tell. */
function loadOf(memory: EndpointMemory, spec: BalancingPolicy): number | undefined {
  const parts = [
    ...(memory.queue === undefined ? [] : [memory.queue / spec.maxQueue]),
    ...(memory.utilization === undefined ? [] : [memory.utilization / (spec.maxMemoryPercent / 100)]),
  ];
  return parts.length === 0 ? undefined : Math.max(...parts);
}

function ratioToPeers(memory: EndpointMemory, healthy: readonly EndpointMemory[]): number | undefined {
  const own = meanLatencyMs(memory);
  const peers = healthy.filter((each) => each !== memory).flatMap((each) => meanLatencyMs(each) ?? []);
  const median = medianOf(peers);
  return own === undefined || median === undefined || median === 0 ? undefined : own / median;
}

function meanLatencyMs(memory: EndpointMemory): number | undefined {
  return memory.timed >= LEAST_TIMED ? memory.latencyTotalMs / memory.timed : undefined;
}

function medianOf(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor((sorted.length - 1) / 2);
  const upper = sorted[Math.ceil((sorted.length - 1) / 2)];
  const lower = sorted[middle];
  return lower === undefined || upper === undefined ? undefined : (lower + upper) / 2;
}
