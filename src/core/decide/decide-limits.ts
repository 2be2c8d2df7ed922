import type { RateLimitPolicy } from '../api/traffic-policy.ts';
import type { InboundSidecar } from '../observation/inbound.ts';
import type { HistogramCounts } from '../observation/observation.ts';
import { knownValue, type Reading } from '../observation/reading.ts';
import { sumVersions } from '../policy/breaker/sum-versions.ts';
import { countsByItself } from '../policy/limiter/counts-by-itself.ts';
import { decideLimit, type LimitObservation } from '../policy/limiter/decide-limit.ts';
import { divideLimit, type Sharer } from '../policy/limiter/divide-limit.ts';
import { abandonedOf, NO_REQUESTS } from '../stats/arms.ts';
import { addHistograms } from '../stats/histogram.ts';
import { hungryDemand, offeredPerSecond, offeredToLimit, smoothDemand } from './limit-demand.ts';
import type { LimitEvent, LimitsDecision, LimitsState, OneLimitState } from './limits-decision.ts';
import type { ServiceLook } from './service-look.ts';

/** The law is meant for a look a second; shorter ones see the lumps of the load reports. */
const LAW_EVERY_MS = 950;
/** A changed rate refills the bucket: smaller changes are not worth it. */
const DEADBAND = 0.05;
/** A change that people are told of. */
const TOLD = 0.25;
/** A sidecar that is gone may go on enforcing its share for so long. */
const LEASE_MS = 60_000;
/** Refusals below this part of the demand are a matter of counting at two places. */
const COUNTING_ERROR = 0.02;
/** Of the busiest instance's rate: an instance below it is not compared with. */
const BUSY = 0.2;

const NEW_LIMIT: OneLimitState = {
  law: undefined,
  lawMs: 0,
  latencies: undefined,
  ended: 0,
  lost: 0,
  published: undefined,
  told: undefined,
  shares: undefined,
};

/**
 * One look at the limits whose figures are decided: adaptive rates, then the shares of global ones.
 * @param interlocked another policy acts, so that what is served says nothing of the capacity: no rate is adapted
 */
export function decideLimits(look: ServiceLook, interlocked: boolean): LimitsDecision {
  const before = look.state.limits;
  const elapsedMs = before.lastMs === 0 ? 0 : Math.max(0, look.nowMs - before.lastMs);
  const given = look.policy?.spec.rateLimits ?? [];
  const decided = given.filter((limit) => limit.global || 'adaptive' in limit);
  const offered = offeredPerSecond(look, elapsedMs);
  const demand = look.frozen ? before.demand : smoothDemand(before.demand, offered, look.inbound, elapsedMs);
  const limits: Record<string, OneLimitState> = {};
  const rates = new Map<string, number>();
  const shares = new Map<string, Readonly<Record<string, number>>>();
  const messages = new Map<string, string>();
  const events: LimitEvent[] = [];
  for (const limit of decided) {
    const last = before.limits[limit.name] ?? NEW_LIMIT;
    const own = ownDemand(limit, last, look, elapsedMs);
    const known = own === undefined ? last : { ...last, demand: own };
    const asked = own ?? demand;
    const adapted = adapt(limit, known, look, asked, interlocked);
    if (adapted.message !== undefined) messages.set(limit.name, adapted.message);
    events.push(...adapted.events);
    const { published } = adapted.state;
    const total = 'adaptive' in limit ? published : limit.requestsPerSecond;
    const perInstance = 'adaptive' in limit;
    if (perInstance && published !== undefined) rates.set(limit.name, published);
    if (!limit.global || total === undefined) limits[limit.name] = adapted.state;
    else {
      const all = perInstance ? total * look.inbound.length : total;
      const division = divide(all, adapted.state, asked, look);
      limits[limit.name] = { ...adapted.state, shares: division.state };
      shares.set(limit.name, Object.fromEntries(division.shares));
    }
  }
  const waiting = look.inbound.some((each) => !each.acknowledged) && shares.size > 0;
  return {
    state: { lastMs: look.nowMs, demand, limits },
    rates,
    shares,
    messages,
    waiting,
    events,
  };
}

/** The demand of a limit that counts by itself, smoothed; undefined: it goes by all calls of the service. */
function ownDemand(
  limit: RateLimitPolicy,
  { demand }: OneLimitState,
  look: ServiceLook,
  elapsedMs: number,
): LimitsState['demand'] | undefined {
  if (!countsByItself(limit) || look.frozen) return demand;
  const offered = offeredToLimit(look, limit.name);
  if (offered === undefined) return demand;
  return smoothDemand(demand ?? {}, offered, look.inbound, elapsedMs);
}

interface Adapted {
  readonly state: OneLimitState;
  readonly message: string | undefined;
  readonly events: readonly LimitEvent[];
}

function adapt(
  limit: RateLimitPolicy,
  known: OneLimitState,
  look: ServiceLook,
  demand: LimitsState['demand'],
  interlocked: boolean,
): Adapted {
  if (!('adaptive' in limit)) return { state: known, message: undefined, events: [] };
  const { latencyMs, requests } = sumVersions([...look.observation.versions.values()]);
  const calls = abandonedOf(knownValue(requests) ?? NO_REQUESTS);
  const ended = known.ended + calls.requests;
  const lost = known.lost + calls.failures;
  const fresh = knownValue(latencyMs);
  const latencies = fresh === undefined ? known.latencies : addHistograms(known.latencies, fresh);
  const elapsedMs = look.nowMs - known.lawMs;
  if (known.law !== undefined && elapsedMs >= 0 && elapsedMs < LAW_EVERY_MS) {
    return { state: { ...known, latencies, ended, lost }, message: undefined, events: [] };
  }
  const decision = decideLimit({
    spec: limit.adaptive,
    observation: {
      ...observeInstances(look, limit, latencies, latencyMs, demand, elapsedMs),
      lost: ended === 0 ? 0 : lost / ended,
    },
    state: known.law,
    frozen: look.frozen || interlocked,
    nowMs: look.nowMs,
  });
  const published = worthPublishing(known.published, decision.requestsPerSecond);
  const state = {
    ...known,
    law: decision.state,
    lawMs: look.nowMs,
    latencies: undefined,
    ended: 0,
    lost: 0,
    published,
  };
  const event = tell(limit.name, known.told, published, decision.message, look);
  return {
    state: event === undefined ? state : { ...state, told: published },
    message: decision.message,
    events: event === undefined ? [] : [event],
  };
}

/** What the law looks at: rates over the time since it last looked, as counts of that time. */
function observeInstances(
  look: ServiceLook,
  limit: RateLimitPolicy,
  latencies: HistogramCounts | undefined,
  reading: Reading<HistogramCounts>,
  demand: LimitsState['demand'],
  elapsedMs: number,
): Omit<LimitObservation, 'lost'> {
  const known = busyOnes(look.inbound.flatMap((each) => servedOf(limit, each) ?? []));
  const missing: Reading<never> = { kind: 'missing', detail: 'no inbound sidecar reports its load' };
  const counted = (perSecond: number): Reading<number> =>
    known.length === 0 ? missing : { kind: 'value', value: (perSecond * elapsedMs) / 1000, at: look.nowMs };
  const served = known.reduce((sum, each) => sum + each, 0);
  const offered = Object.values(demand).reduce((sum, each) => sum + each, 0);
  const refused = offered - served > COUNTING_ERROR * offered ? offered - served : 0;
  return {
    served: counted(served),
    refused: counted(refused),
    latencyMs: latencies === undefined ? reading : { kind: 'value', value: latencies, at: look.nowMs },
    queue: meanQueue(look),
    instances: known.length,
  };
}

/** What an instance serves of what the limit counts: all, where that is not told. */
function servedOf(
  { name }: RateLimitPolicy,
  { limits, servedPerSecond }: InboundSidecar,
): number | undefined {
  return limits?.[name]?.admittedPerSecond ?? servedPerSecond;
}

/** An instance that gets next to nothing (backup, a version without weight) says nothing of what one can do. */
function busyOnes(rates: readonly number[]): readonly number[] {
  const most = Math.max(0, ...rates);
  return rates.filter((rate) => rate >= BUSY * most);
}

function meanQueue({ observation, nowMs }: ServiceLook): Reading<number> {
  const all = [...observation.versions.values()].flatMap(({ endpoints }) => endpoints);
  const known = all.flatMap(({ queue }) => knownValue(queue) ?? []);
  if (known.length > 0) {
    return { kind: 'value', value: known.reduce((a, b) => a + b, 0) / known.length, at: nowMs };
  }
  return all[0]?.queue ?? { kind: 'missing', detail: 'the service has no endpoints' };
}

function worthPublishing(before: number | undefined, next: number | undefined): number | undefined {
  if (before === undefined || next === undefined) return next;
  return Math.abs(next - before) < DEADBAND * before ? before : next;
}

function divide(limit: number, known: OneLimitState, demand: LimitsState['demand'], look: ServiceLook) {
  const sharers = look.inbound.map(({ id, address, acknowledged }): Sharer => {
    const told = demand[id] ?? 0;
    const published = known.shares?.[id]?.published;
    // What a limit counts by itself is what is offered.
    const wanted = known.demand === undefined ? hungryDemand(look, address, told, published) : told;
    return { id, demand: wanted, acknowledged };
  });
  return divideLimit({ limit, sharers, state: known.shares, leaseMs: LEASE_MS, nowMs: look.nowMs });
}

function tell(
  name: string,
  told: number | undefined,
  now: number | undefined,
  message: string,
  { nowMs }: ServiceLook,
): LimitEvent | undefined {
  if (now === undefined || (told !== undefined && Math.abs(now - told) < TOLD * told)) return undefined;
  return {
    at: nowMs,
    reason: told !== undefined && now > told ? 'LimitRaised' : 'LimitLowered',
    message: `${name}: ${message}`,
    change: { before: told, after: now },
  };
}
