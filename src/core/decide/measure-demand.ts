import type { RequestCounts } from '../observation/observation.ts';
import { knownValue, type Reading } from '../observation/reading.ts';
import type { Replica } from '../policy/capacity/decide-capacity.ts';
import type { DemandState, VersionDemandState } from './demand-state.ts';
import type { ServiceLook } from './service-look.ts';

/** Load reports come in lumps; autoscalers look every 15 s. */
const HALF_LIFE_MS = 5_000;
/** What a smoothed rate of that half-life is made of, about: 2·HALF_LIFE/ln 2. */
const MEMORY_S = (2 * HALF_LIFE_MS) / Math.LN2 / 1000;
/** With fewer expected calls in that time a share says nothing: half of 50 is three and a half deviations away. */
const LEAST_EXPECTED_CALLS = 50;
/** A new replica is not judged before it is warm and the smoothed rate has followed. */
const SETTLING_MS = 4 * HALF_LIFE_MS;

/** Policies that send to each endpoint by its weight; by hash, some have more of the users than others. */
const EVEN: ReadonlySet<string> = new Set(['LeastRequest', 'RoundRobin', 'Random']);

/** What is offered to a version now; while the breaker keeps calls away, not less than before. */
export function measureVersion(
  look: ServiceLook,
  version: string,
  known: VersionDemandState,
  elapsedMs: number,
  breakerClosed: boolean,
): VersionDemandState {
  const perSecond = offeredTo(look, version, elapsedMs);
  if (perSecond === undefined) return known;
  const offered = known.knownMs === 0 ? perSecond : smooth(known.offered, perSecond, elapsedMs);
  return {
    ...known,
    offered: breakerClosed ? offered : Math.max(known.offered, offered),
    knownMs: look.nowMs,
  };
}

/** By callers' sidecars, or by the sidecars in front of its model servers where those see more. */
function offeredTo(look: ServiceLook, version: string, elapsedMs: number): number | undefined {
  const observed = look.observation.versions.get(version);
  const sent = ratePerSecond(observed?.requests, elapsedMs);
  // With those that bypass the breaker, which the version's own count leaves out.
  const byEndpoint = (observed?.endpoints ?? []).flatMap(
    ({ requests }) => ratePerSecond(requests, elapsedMs) ?? [],
  );
  const addresses = new Set(look.endpoints.get(version));
  const served = look.inbound.flatMap(({ address, servedPerSecond }) =>
    addresses.has(address) && servedPerSecond !== undefined ? [servedPerSecond] : [],
  );
  if (sent === undefined && served.length === 0) return undefined;
  return Math.max(
    sent ?? 0,
    byEndpoint.reduce((sum, each) => sum + each, 0),
    served.reduce((sum, each) => sum + each, 0),
  );
}

/** A look more at each endpoint that is there; those of the first look are taken for warm. */
export function followEndpoints(look: ServiceLook, elapsedMs: number): DemandState['endpoints'] {
  const { lastMs, endpoints } = look.state.demand;
  const sinceMs = lastMs === 0 ? 0 : look.nowMs;
  const entries = [...look.endpoints].flatMap(([version, addresses]) => {
    const observed = look.observation.versions.get(version)?.endpoints ?? [];
    const seen = new Map(observed.map((each) => [each.address, each.requests]));
    return addresses.map((address) => {
      const known = endpoints[address] ?? { sinceMs, served: 0 };
      const perSecond = ratePerSecond(seen.get(address), elapsedMs);
      return [
        address,
        perSecond === undefined ? known : { ...known, served: smooth(known.served, perSecond, elapsedMs) },
      ] as const;
    });
  });
  return Object.fromEntries(entries);
}

/** The replicas of a version as the capacity rule judges them. */
export function replicasOf(
  look: ServiceLook,
  version: string,
  offered: number,
  factors: ReadonlyMap<string, number> | undefined,
  endpoints: DemandState['endpoints'],
): readonly Replica[] {
  const addresses = look.endpoints.get(version) ?? [];
  const { versions, loadBalancing } = look.service.spec;
  const written = versions.find(({ name }) => name === version)?.endpoints.static ?? [];
  const weights = new Map(
    written.map((each) => [`${each.address}:${each.port}`, each.backup ? 0 : each.weight]),
  );
  const judged =
    EVEN.has(loadBalancing.policy) && offered * MEMORY_S >= LEAST_EXPECTED_CALLS * addresses.length;
  const warmMs = loadBalancing.slowStart + SETTLING_MS;
  return addresses.map((address) => {
    const known = endpoints[address];
    return {
      address,
      factor: factors?.get(address) ?? 1,
      weight: weights.get(address) ?? 1,
      served: judged ? known?.served : undefined,
      warming: known === undefined || look.nowMs - known.sinceMs < warmMs,
    };
  });
}

function ratePerSecond(requests: Reading<RequestCounts> | undefined, elapsedMs: number): number | undefined {
  const counts = requests && knownValue(requests);
  if (counts === undefined || elapsedMs === 0) return undefined;
  return (1000 * (counts.requests + (counts.abandoned ?? 0))) / elapsedMs;
}

function smooth(before: number, now: number, elapsedMs: number): number {
  const kept = 2 ** (-elapsedMs / HALF_LIFE_MS);
  return kept * before + (1 - kept) * now;
}
