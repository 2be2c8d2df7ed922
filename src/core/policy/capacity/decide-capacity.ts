import type { TrafficPolicy } from '../../api/traffic-policy.ts';
import type { Reading } from '../../observation/reading.ts';
import { describeReading, knownValue } from '../../observation/reading.ts';

type ScalingPolicy = NonNullable<TrafficPolicy['spec']['scaling']>;

/** A replica as the other policies treat it. */
export interface Replica {
  readonly address: string;
  /** Its derating in (0, 1]; 0 while it is ejected. */
  readonly factor: number;
  /** Its share relative to its siblings; 0 for a backup. */
  readonly weight: number;
  /** Requests a second that callers send to it; undefined where nothing tells, or not enough to judge by. */
  readonly served: number | undefined;
  /** New, so that it gets less than its share on purpose. */
  readonly warming: boolean;
}

/** What must not be read as falling load. */
export interface Interlocks {
  readonly breakerClosed: boolean;
  /** A rollout is between its steps. */
  readonly rolloutMoving: boolean;
}

export interface CapacityInput {
  readonly spec: ScalingPolicy;
  /** Requests a second that clients offer, served or not. */
  readonly offered: Reading<number>;
  readonly replicas: readonly Replica[];
  readonly interlocks: Interlocks;
  /** What was last asked for; undefined at first. */
  readonly previous: number | undefined;
  readonly nowMs: number;
}

export interface CapacityDecision {
  /** Replicas that are wanted. */
  readonly replicas: number;
  /** What an autoscaler that divides by `requestsPerSecondPerReplica` must be told to want as many. */
  readonly requestsPerSecond: number;
  /** Why fewer replicas than now are not asked for although they would do. */
  readonly held: string | undefined;
  /** Replicas that serve far less than their share. */
  readonly sick: readonly string[];
  readonly message: string;
}

/** Below this part of its expected share a replica is sick, ejected or our own doing, but no sign of less load. */
const SICK = 0.5;

/**
 * Demand for replicas: ⌈offered / rate of one⌉ and one more for each that is sick or ejected. Demand is what
 * clients offer and never what is served: a sick pod's falling rate is not falling load (kubernetes#105187,
 * keda#3065). Fewer than before are not asked for while a breaker is not closed, while a rollout moves, or on
 * data that is missing or stale.
 */
export function decideCapacity(input: CapacityInput): CapacityDecision {
  const { spec, replicas, nowMs, offered } = input;
  const demand = knownValue(offered);
  const sick = demand === undefined ? [] : sickReplicas(replicas);
  const before = input.previous ?? clamp(spec, replicas.length);
  if (demand === undefined) {
    const held = describeReading(offered, nowMs);
    return decided(spec, before, held, sick, `${held}; nothing is changed`);
  }
  const serving = Math.ceil(demand / spec.requestsPerSecondPerReplica);
  const wanted = clamp(spec, serving + (serving > 0 ? sick.length : 0));
  const held = wanted < before ? heldBy(input.interlocks, sick) : undefined;
  const target = held === undefined ? wanted : before;
  const text = `${Math.round(demand)} requests/s offered, ${spec.requestsPerSecondPerReplica} a replica, ${sick.length} sick`;
  return decided(spec, target, held, sick, held === undefined ? text : `${text}; not fewer: ${held}`);
}

/** Replicas whose rate is far below their share of what callers send, or that get nothing by our own doing. */
function sickReplicas(replicas: readonly Replica[]): readonly string[] {
  const warm = replicas.filter(({ warming, weight }) => !warming && weight > 0);
  const weights = sumOf(warm, (each) => each.factor * each.weight);
  const served = sumOf(warm, (each) => each.served ?? 0);
  return warm
    .filter((each) => {
      if (each.factor < SICK) return true;
      return each.served !== undefined && each.served < (SICK * each.factor * each.weight * served) / weights;
    })
    .map((each) => each.address);
}

function sumOf(replicas: readonly Replica[], of: (replica: Replica) => number): number {
  return replicas.reduce((sum, each) => sum + of(each), 0);
}

function heldBy({ breakerClosed, rolloutMoving }: Interlocks, sick: readonly string[]): string | undefined {
  if (!breakerClosed) return 'the breaker is not closed';
  if (rolloutMoving) return 'a rollout is between its steps';
  return sick.length > 0 ? `${sick.join(', ')} serve less than their share` : undefined;
}

function decided(
  spec: ScalingPolicy,
  replicas: number,
  held: string | undefined,
  sick: readonly string[],
  message: string,
): CapacityDecision {
  return { replicas, requestsPerSecond: replicas * spec.requestsPerSecondPerReplica, held, sick, message };
}

function clamp({ minReplicas, maxReplicas }: ScalingPolicy, replicas: number): number {
  return Math.min(maxReplicas, Math.max(minReplicas, replicas));
}

/**
 * The capacity rule: instances for a peak, ⌈peak rate × latency ÷ concurrency of one⌉, from measured figures.
 * @param concurrency requests that one instance works on at a time
 */
export function instancesFor(peakPerSecond: number, latencySeconds: number, concurrency: number): number {
  return Math.ceil((peakPerSecond * latencySeconds) / concurrency);
}
