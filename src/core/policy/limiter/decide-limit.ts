import type { RateLimitPolicy } from '../../api/traffic-policy.ts';
import type { HistogramCounts } from '../../observation/observation.ts';
import type { Reading } from '../../observation/reading.ts';
import { describeReading, knownValue } from '../../observation/reading.ts';
import { quantileOf, totalCount } from '../../stats/histogram.ts';

/** An adaptive limit's spec. */
export type AdaptiveLimit = NonNullable<Extract<RateLimitPolicy, { adaptive: unknown }>['adaptive']>;

/** What is known of the instances behind a limit, since the previous look. */
export interface LimitObservation {
  /** Requests that were served, all instances together. */
  readonly served: Reading<number>;
  /** Requests that the limit refused, all instances together; they tell that it is in use. */
  readonly refused: Reading<number>;
  /** Share of the calls that ended without an answer, 0 … 1. */
  readonly lost: number;
  readonly latencyMs: Reading<HistogramCounts>;
  /** Mean queue of an instance, requests. */
  readonly queue: Reading<number>;
  readonly instances: number;
}

/** Plain value. */
export interface LimitState {
  readonly lastMs: number;
  /** Rate of one instance; undefined: nothing is limited yet. */
  readonly requestsPerSecond: number | undefined;
  readonly blindMs: number;
  /** The most that an instance served lately, requests a second: what it can do. */
  readonly capacity: number;
}

export interface LimitInput {
  readonly spec: AdaptiveLimit;
  readonly observation: LimitObservation;
  readonly state: LimitState | undefined;
  /** The kill switch: nothing is changed. */
  readonly frozen: boolean;
  readonly nowMs: number;
}

export interface LimitDecision {
  readonly state: LimitState;
  /** Rate of each instance's bucket; undefined: none. */
  readonly requestsPerSecond: number | undefined;
  readonly message: string;
}

/**
 * What has piled up is worked off in so many seconds. A look sees what happened two or three seconds ago: with a
 * shorter time the queue swings (an integrator with that delay needs more than 2·2/π of it).
 */
const DRAIN_S = 5;
/** How much is added a second while the limit is used: far below the target, and near it. */
const FAR = 0.05;
const NEAR = 0.02;
/** And below most of what was served lately. */
const PROVEN = 0.2;
const CAPACITY_HALF_LIFE_MS = 60_000;
/** However long the queue, this part of it is let in. */
const LEAST_OF_CAPACITY = 0.3;
/** From this share of calls without an answer on nothing useful is served. */
const COLLAPSED = 0.75;
/** While what has piled up is worked off, this part of the rate served is let in. */
const DRAINING = 0.7;
/** Without data for this long a limit opens again, by this much a second: an old figure is not held for ever. */
const FORGET_AFTER_MS = 300_000;
const OPENING = 0.05;
/** A gap between looks counts as at most this. */
const LONGEST_LOOK_MS = 10_000;
/** An unused limit says nothing of the capacity: below this part of it nothing is raised. */
const USED = 0.5;

/**
 * One look at an adaptive limit. While the signal is above its target, the rate is what is really served less what
 * works the excess off: R = max(.7·S, S − excess/5 s), with S the rate served, which under overload is the capacity,
 * and the excess in requests: of the queue, or by Little's law S·(latency − target). Below the target the rate
 * grows, unless less than half of it is used. The rate and not a concurrency is steered, since sidecars enforce
 * rates and a look takes longer than many requests: as a rate, a bound on the concurrency L is L/latency, which
 * swings with the latency from look to look. Without data nothing changes; after five minutes the limit opens
 * slowly.
 */
export function decideLimit(input: LimitInput): LimitDecision {
  const { state, nowMs, frozen, observation } = input;
  const before = state ?? { lastMs: nowMs, requestsPerSecond: undefined, blindMs: 0, capacity: 0 };
  const elapsedMs = Math.min(LONGEST_LOOK_MS, Math.max(0, nowMs - before.lastMs));
  const timed = { ...before, lastMs: nowMs };
  if (frozen || elapsedMs === 0) return told(timed, 'nothing is changed');
  const signal = signalOf(input);
  const served = knownValue(observation.served);
  if (served !== undefined && observation.lost >= COLLAPSED && before.capacity > 0) {
    return collapse(input, timed);
  }
  if (signal === undefined || served === undefined) return whileBlind(input, timed, elapsedMs);
  const rate = (1000 * served) / elapsedMs / Math.max(1, observation.instances);
  const capacity = Math.max(rate, before.capacity * 2 ** (-elapsedMs / CAPACITY_HALF_LIFE_MS));
  return steer(input, { ...timed, blindMs: 0, capacity }, signal, rate, elapsedMs);
}

/** What is held to the target; undefined without data. A look without requests is no news either. */
function signalOf({ spec, observation }: LimitInput): number | undefined {
  if (spec.signal === 'Queue') return knownValue(observation.queue);
  const latency = knownValue(observation.latencyMs);
  if (latency === undefined || totalCount(latency) === 0) return undefined;
  return quantileOf(latency, spec.quantile);
}

function steer(
  input: LimitInput,
  state: LimitState,
  signal: number,
  rate: number,
  elapsedMs: number,
): LimitDecision {
  const { spec } = input;
  const held = spec.signal === 'Queue' ? `queue ${signal.toFixed(1)}` : `latency ${signal.toFixed(0)} ms`;
  const known = state.requestsPerSecond;
  if (signal <= spec.target && known === undefined) {
    return told(state, `${held}, ${spec.target} to hold: nothing is limited yet`);
  }
  const lowered = Math.max(
    DRAINING * rate,
    LEAST_OF_CAPACITY * state.capacity,
    rate - excessOf(spec, signal, rate) / DRAIN_S,
  );
  const next =
    signal > spec.target || known === undefined
      ? lowered
      : known * growthOf(input, known, signal, rate, state.capacity) ** (elapsedMs / 1000);
  const requestsPerSecond = bound(spec, next);
  return told(
    { ...state, requestsPerSecond },
    `${held}, ${spec.target} to hold: ${requestsPerSecond.toFixed(0)} requests/s an instance`,
  );
}

/** By what the limit grows a second while it is used: fast up to what the instance has shown that it can do. */
function growthOf(
  { spec, observation }: LimitInput,
  known: number,
  signal: number,
  rate: number,
  capacity: number,
): number {
  const used = (knownValue(observation.refused) ?? 0) > 0 || rate >= USED * known;
  if (!used) return 1;
  if (known < DRAINING * capacity) return 1 + PROVEN;
  return 1 + (signal < spec.target / 2 ? FAR : NEAR);
}

/**
 * Most calls end without an answer: the queue is longer than the callers' patience, and neither tells itself nor
 * lets anything be served. Half of what the instance could do is let in until answers come again.
 */
function collapse({ spec }: LimitInput, state: LimitState): LimitDecision {
  const known = state.requestsPerSecond ?? Number.POSITIVE_INFINITY;
  const requestsPerSecond = bound(spec, Math.min(known, state.capacity / 2));
  return told(
    { ...state, requestsPerSecond },
    `most calls are never answered: ${requestsPerSecond.toFixed(0)} requests/s an instance`,
  );
}

/** Requests of an instance that wait although they should not. */
function excessOf(spec: AdaptiveLimit, signal: number, rate: number): number {
  const above = signal - spec.target;
  return spec.signal === 'Queue' ? above : (rate * above) / 1000;
}

function whileBlind(
  { spec, observation, nowMs }: LimitInput,
  state: LimitState,
  elapsedMs: number,
): LimitDecision {
  const blindMs = state.blindMs + elapsedMs;
  const reading = spec.signal === 'Queue' ? observation.queue : observation.latencyMs;
  const why = describeReading(reading, nowMs);
  if (blindMs <= FORGET_AFTER_MS || state.requestsPerSecond === undefined) {
    return told({ ...state, blindMs }, `${why}; nothing is changed`);
  }
  const opening = (1 + OPENING) ** (elapsedMs / 1000);
  const requestsPerSecond = bound(spec, state.requestsPerSecond * opening);
  return told({ ...state, blindMs, requestsPerSecond }, `${why}; the limit opens slowly`);
}

function bound(spec: AdaptiveLimit, requestsPerSecond: number): number {
  const most = spec.maxRequestsPerSecond ?? Number.MAX_SAFE_INTEGER;
  return Math.min(most, Math.max(spec.minRequestsPerSecond, requestsPerSecond));
}

function told(state: LimitState, message: string): LimitDecision {
  return { state, requestsPerSecond: state.requestsPerSecond, message };
}
