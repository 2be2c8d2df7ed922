import type { BalancingPolicy } from '../../api/traffic-policy.ts';
import type {
  BalanceDecision,
  BalanceEvent,
  BalanceInput,
  BalanceState,
  EndpointEvidence,
  EndpointMemory,
} from './decision.ts';
import { learn, NEW_ENDPOINT } from './endpoint-memory.ts';
import { fleetErrorRate, type Target, targetsOf } from './target-weight.ts';

/** Without news for this long an endpoint's weight goes back to the spec's. */
const FORGET_AFTER_MS = 300_000;
/** A gap between looks (a restart, a clock set forward) counts as at most this. */
const LONGEST_LOOK_MS = 10_000;
/** Upwards the way is taken slower than downwards: what is loaded up again must show itself first. */
const UPWARD = 0.5;
/** Slower still by load, which rises steeply when an endpoint is nearly full. */
const LOAD_UPWARD = 0.25;
/** Errors do not come of the weight, so that following them at once cannot swing. */
const ERROR_GAIN = 1;
/** No endpoint gets more than so many fair shares because the others are derated. */
const MOST_SHARES = 2;
/** Factors at which people are told. */
const DERATED = 0.8;
const RESTORED = 0.9;

/**
 * One look at the endpoints of a version: shifts weight away from those that fail, crawl or are full, a bounded
 * step at a time, Δ ln w = clamp(gain·ln(target / w), ± ln(1 + step)). Underneath stays the sidecars' own least-request
 * choice; this pushes shares, it does not route single requests.
 */
export function decideBalance(input: BalanceInput): BalanceDecision {
  const state = input.state ?? { lastMs: input.nowMs, endpoints: {}, published: {} };
  const elapsedMs = Math.min(LONGEST_LOOK_MS, Math.max(0, input.nowMs - state.lastMs));
  const known = Object.fromEntries(
    input.endpoints.map((address) => [address, state.endpoints[address] ?? NEW_ENDPOINT]),
  );
  if (input.frozen) return close(input, state, known, {}, []);
  const seen = new Map(input.observation.map((each) => [each.address, each]));
  const fleetRate = fleetErrorRate(known);
  const learned = mapValues(known, (memory, address) =>
    learn(memory, seen.get(address), fleetRate, elapsedMs),
  );
  const targets = targetsOf(learned, input.spec);
  const moved = moveAll(learned, targets, input.spec, elapsedMs);
  const { endpoints, events } = announce(moved, targets, input);
  return close(input, state, endpoints, targets, events);
}

/** Every weight a step towards its target, against the best target of all. */
function moveAll(
  endpoints: Readonly<Record<string, EndpointMemory>>,
  targets: Readonly<Record<string, Target>>,
  spec: BalancingPolicy,
  elapsedMs: number,
): Readonly<Record<string, EndpointMemory>> {
  const all = Object.values(targets);
  const leastErrors = Math.max(...all.map((target) => target.byErrors));
  const leastLoad = Math.max(...all.map((target) => target.byLoad));
  const floor = Math.log(spec.floorPercent / 100);
  const follow = (log: number, goal: number, gainDown: number, upward: number): number =>
    towards(log, Math.max(floor, Math.min(0, goal)), [gainDown, spec.gain * upward], spec, elapsedMs);
  const most = stepOf(spec, elapsedMs);
  const move = (memory: EndpointMemory, errorGoal: number, loadGoal: number, change: number) =>
    bounded(memory, most, {
      errorLog: follow(memory.errorLog, errorGoal, ERROR_GAIN, UPWARD),
      loadLog: follow(memory.loadLog, loadGoal, spec.gain, LOAD_UPWARD),
      latencyLog: follow(memory.latencyLog, memory.latencyLog + change, spec.gain, UPWARD),
    });
  return mapValues(endpoints, (memory, address) => {
    if (memory.blindMs > FORGET_AFTER_MS) return move(memory, 0, 0, Number.POSITIVE_INFINITY);
    const target = targets[address];
    if (memory.blindMs > 0 || target === undefined) return memory;
    const errorGoal = Math.log(target.byErrors / leastErrors);
    const loadGoal = Math.log(target.byLoad / leastLoad);
    return move(memory, errorGoal, loadGoal, Math.log(target.byLatency));
  });
}

type Logs = Pick<EndpointMemory, 'errorLog' | 'loadLog' | 'latencyLog'>;

/** The parts together move by at most one step. */
function bounded(memory: EndpointMemory, most: number, to: Logs): EndpointMemory {
  const total = Math.abs(
    to.errorLog - memory.errorLog + to.loadLog - memory.loadLog + to.latencyLog - memory.latencyLog,
  );
  const part = total > most ? most / total : 1;
  return {
    ...memory,
    errorLog: memory.errorLog + part * (to.errorLog - memory.errorLog),
    loadLog: memory.loadLog + part * (to.loadLog - memory.loadLog),
    latencyLog: memory.latencyLog + part * (to.latencyLog - memory.latencyLog),
  };
}

/** The most that the log of a weight moves in this time. */
function stepOf(spec: BalancingPolicy, elapsedMs: number): number {
  return (elapsedMs / 1000) * Math.log(1 + spec.maxStepPercent / 100);
}

/** A step of the law; gain and bound are meant for a look a second and stretched to the time that passed. */
function towards(
  log: number,
  goal: number,
  [gainDown, gainUp]: readonly [number, number],
  spec: BalancingPolicy,
  elapsedMs: number,
): number {
  const distance = goal - log;
  if (Math.abs(distance) < Math.log(1 + spec.deadbandPercent / 100)) return log;
  const seconds = elapsedMs / 1000;
  const gain = distance > 0 ? gainUp : gainDown;
  const most = stepOf(spec, elapsedMs);
  return log + Math.min(most, Math.max(-most, (1 - (1 - gain) ** seconds) * distance));
}

/** Factors against the best endpoint, which is held to MOST_SHARES of the traffic; the others keep their mix. */
function factorsOf(
  endpoints: Readonly<Record<string, EndpointMemory>>,
  { floorPercent }: BalancingPolicy,
): Readonly<Record<string, number>> {
  const weights = mapValues(endpoints, (memory) =>
    Math.max(floorPercent / 100, Math.exp(memory.errorLog + memory.loadLog + memory.latencyLog)),
  );
  const all = Object.values(weights);
  const best = Math.max(...all);
  const others = all.reduce((a, b) => a + b, 0) - best;
  const most = MOST_SHARES / all.length;
  const held = most < 1 ? Math.min(best, (others * most) / (1 - most)) : best;
  return mapValues(weights, (weight) => round(Math.min(1, weight / held)));
}

function close(
  input: BalanceInput,
  before: BalanceState,
  endpoints: Readonly<Record<string, EndpointMemory>>,
  targets: Readonly<Record<string, Target>>,
  events: readonly BalanceEvent[],
): BalanceDecision {
  const factors = factorsOf(endpoints, input.spec);
  const deadband = Math.log(1 + input.spec.deadbandPercent / 100);
  const published = mapValues(factors, (factor, address) => {
    const last = before.published[address];
    // Smaller changes are not worth a push; back to all of it always is.
    const small = last !== undefined && Math.abs(Math.log(factor / last)) < deadband;
    return small && factor !== 1 ? last : factor;
  });
  const state = { lastMs: input.nowMs, endpoints, published };
  const evidence = Object.entries(published).map(([address, factor]) =>
    explain(address, factor, targets[address], endpoints[address] ?? NEW_ENDPOINT),
  );
  return {
    state,
    factors: input.spec.shadow ? new Map() : new Map(Object.entries(published)),
    events,
    evidence,
  };
}

/** Tells once that an endpoint is derated, and once that it is back. */
function announce(
  endpoints: Readonly<Record<string, EndpointMemory>>,
  targets: Readonly<Record<string, Target>>,
  { spec, nowMs: atMs }: BalanceInput,
): { endpoints: Readonly<Record<string, EndpointMemory>>; events: readonly BalanceEvent[] } {
  const factors = factorsOf(endpoints, spec);
  const events: BalanceEvent[] = [];
  const told = mapValues(endpoints, (memory, address) => {
    const factor = factors[address] ?? 1;
    const now = memory.derated ? factor < RESTORED : factor < DERATED;
    if (now === memory.derated) return memory;
    const message = `${address}: ${explain(address, factor, targets[address], memory).message}`;
    events.push({
      atMs,
      type: now ? 'Warning' : 'Normal',
      reason: now ? 'EndpointDerated' : 'EndpointRestored',
      message,
    });
    return { ...memory, derated: now };
  });
  return { endpoints: told, events };
}

function explain(
  address: string,
  factor: number,
  target: Target | undefined,
  memory: EndpointMemory,
): EndpointEvidence {
  const parts = [
    `weight ${Math.round(100 * factor)} %`,
    ...(target === undefined ? [] : [`${(100 * target.errorRate).toFixed(1)} % failing`]),
    ...(target?.latencyRatio === undefined ? [] : [`${target.latencyRatio.toFixed(1)} × its peers' latency`]),
    ...(target?.load === undefined ? [] : [`${Math.round(100 * target.load)} % full`]),
    ...(memory.blindMs > 0 ? [`no data for ${Math.round(memory.blindMs / 1000)} s`] : []),
  ];
  return {
    address,
    factor,
    target: target === undefined ? 1 : target.byErrors * target.byLoad,
    errorRate: target?.errorRate ?? 0,
    load: target?.load,
    latencyRatio: target?.latencyRatio,
    message: parts.join(', '),
  };
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  map: (value: T, key: string) => U,
): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}

/** Four digits are more than a weight of 10000 can tell. */
function round(factor: number): number {
  return Math.round(factor * 10_000) / 10_000;
}
