import type { BalancingPolicy } from '../api/traffic-policy.ts';
import type { EndpointObservation } from '../observation/observation.ts';
import { knownValue, type Reading } from '../observation/reading.ts';
import { decideLimit, type LimitObservation } from '../policy/limiter/decide-limit.ts';
import type { OverflowDecision, OverflowState } from './overflow-decision.ts';

export interface OverflowInput {
  readonly spec: BalancingPolicy;
  /** `ADDRESS:PORT` of the endpoints that are to be used up first. */
  readonly first: readonly string[];
  /** Of all endpoints of the version, since the previous look. */
  readonly observation: readonly EndpointObservation[];
  readonly state: OverflowState | undefined;
  readonly frozen: boolean;
  readonly nowMs: number;
}

/** The law is meant for a look a second; shorter ones see the lumps of the load reports. */
const LAW_EVERY_MS = 950;
const DEMAND_HALF_LIFE_MS = 3_000;
/** The first tier keeps this much, whatever is decided: without any traffic it could not show that it has room. */
const MOST = 0.95;
/** A smaller share is not worth a push, nor is a change by less. */
const DEADBAND = 0.05;
/** Of the busiest endpoint's rate: one below it is not compared with. */
const BUSY = 0.2;

/** Nothing is known yet. */
export const NEW_OVERFLOW: OverflowState = {
  law: undefined,
  lawMs: 0,
  served: 0,
  begun: 0,
  lost: 0,
  demand: 0,
  share: 0,
  published: 0,
};

/**
 * One look at how much of a version's traffic its first tier has no room for. The first tier's rate is found as an
 * adaptive limit's is, by its queue; what is offered beyond it goes to the next tier in place of being refused:
 * share = 1 − rate/demand. What is kept moves by one step of the weights a second at most.
 */
export function decideOverflow(input: OverflowInput): OverflowDecision {
  const { spec, nowMs } = input;
  const state = gathered(input, input.state ?? { ...NEW_OVERFLOW, lawMs: nowMs });
  const elapsedMs = nowMs - state.lawMs;
  if (elapsedMs >= 0 && elapsedMs < LAW_EVERY_MS) return told(state, undefined);
  const fade = state.law === undefined ? 0 : 2 ** (-elapsedMs / DEMAND_HALF_LIFE_MS);
  const seconds = Math.max(LAW_EVERY_MS, elapsedMs) / 1000;
  const demand = fade * state.demand + ((1 - fade) * state.begun) / seconds;
  const observation = observeTier(input, state, demand * seconds);
  const decision = decideLimit({
    spec: { signal: 'Queue', target: targetOf(input), minRequestsPerSecond: 1 },
    observation,
    state: state.law,
    frozen: input.frozen,
    nowMs,
  });
  const next = { ...state, law: decision.state, lawMs: nowMs, served: 0, begun: 0, lost: 0, demand };
  if (input.frozen || knownValue(observation.served) === undefined) return told(next, decision.message);
  const rate = (decision.requestsPerSecond ?? Number.POSITIVE_INFINITY) * observation.instances;
  const wanted = demand > 0 ? Math.min(MOST, Math.max(0, 1 - rate / demand)) : 0;
  const step = (1 + spec.maxStepPercent / 100) ** seconds;
  const share =
    1 - Math.min(1, Math.max((1 - state.share) / step, Math.min((1 - state.share) * step, 1 - wanted)));
  return told({ ...next, share, published: worthPublishing(state.published, share) }, decision.message);
}

/** Counts are added up until the law looks. */
function gathered({ first, observation }: OverflowInput, state: OverflowState): OverflowState {
  const counts = observation.flatMap(({ address, requests }) => {
    const known = knownValue(requests);
    return known === undefined
      ? []
      : [{ ...known, lost: known.abandoned ?? 0, inFirst: first.includes(address) }];
  });
  const sum = (of: (each: (typeof counts)[number]) => number) =>
    counts.reduce((all, each) => all + of(each), 0);
  return {
    ...state,
    served: state.served + sum(({ inFirst, requests }) => (inFirst ? requests : 0)),
    lost: state.lost + sum(({ inFirst, lost }) => (inFirst ? lost : 0)),
    begun: state.begun + sum(({ requests, lost }) => requests + lost),
  };
}

/** The first tier as the law looks at it: what goes to other tiers counts as refused. */
function observeTier(input: OverflowInput, state: OverflowState, demanded: number): LimitObservation {
  const { first, observation, nowMs } = input;
  const missing: Reading<never> = { kind: 'missing', detail: 'the first tier is not seen' };
  const seen = observation.filter(({ address }) => first.includes(address));
  const rates = seen.flatMap(({ requests }) => knownValue(requests)?.requests ?? []);
  const most = Math.max(0, ...rates);
  const value = (given: number): Reading<number> => ({ kind: 'value', value: given, at: nowMs });
  const queues = seen.flatMap((each) => queueOf(each, input.spec) ?? []);
  return {
    served: rates.length === 0 ? missing : value(state.served),
    refused: rates.length === 0 ? missing : value(state.share > 0 ? Math.max(0, demanded - state.served) : 0),
    lost: state.served + state.lost > 0 ? state.lost / (state.served + state.lost) : 0,
    latencyMs: { kind: 'missing', detail: 'the queue decides' },
    queue: queues.length === 0 ? missing : value(queues.reduce((a, b) => a + b, 0) / queues.length),
    instances: Math.max(1, rates.filter((rate) => rate >= BUSY * most).length),
  };
}

/** Requests that wait in an endpoint, as it tells; where it does not, those under way where a bound is given. */
function queueOf(
  { queue, inFlight }: EndpointObservation,
  { overflow }: BalancingPolicy,
): number | undefined {
  return knownValue(queue) ?? (overflow?.maxInFlight === undefined ? undefined : knownValue(inFlight));
}

function targetOf({ spec, first, observation }: OverflowInput): number {
  const tells = observation.some(({ address, queue }) => first.includes(address) && queue.kind === 'value');
  return tells ? spec.maxQueue : (spec.overflow?.maxInFlight ?? spec.maxQueue);
}

function worthPublishing(before: number, next: number): number {
  if (next < DEADBAND) return 0;
  return Math.abs(next - before) < DEADBAND ? before : Math.round(1000 * next) / 1000;
}

function told(state: OverflowState, message: string | undefined): OverflowDecision {
  return { state, share: state.published, message };
}
