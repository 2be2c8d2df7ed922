import type { ServiceVersion } from '../api/model-service.ts';
import type { EndpointIr } from '../ir/ir.ts';

/** An instance as discovery found it; static ones are made of the spec. */
export interface DiscoveredEndpoint {
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly zone: string;
  /** Tier as in the spec. */
  readonly priority: number;
  readonly backup: boolean;
  readonly health: EndpointIr['health'];
}

/** Weights are stretched to this so that a derating of a few percent is still a whole number. */
const FULL_WEIGHT = 10_000;

/** The endpoints that a spec writes down. */
export function staticEndpoints(version: ServiceVersion): readonly DiscoveredEndpoint[] {
  return (version.endpoints.static ?? []).map((given) => ({
    address: given.address,
    port: given.port,
    weight: given.weight,
    zone: given.zone ?? '',
    priority: given.priority,
    backup: given.backup,
    health: 'healthy' as const,
  }));
}

/**
 * Endpoints with their final weights and gapless tiers. An endpoint's weight depends on the static weights
 * and on its own factor only, so that a derated neighbour does not change it.
 *
 * @param factors derating in (0, 1] by `ADDRESS:PORT`; a missing one is 1
 * @param overflow share of the traffic that the second tier has beside the first; 0: it waits for that to fail
 */
export function assembleEndpoints(
  found: readonly DiscoveredEndpoint[],
  factors: ReadonlyMap<string, number>,
  overflow = 0,
): readonly EndpointIr[] {
  const stretch = Math.max(1, Math.floor(FULL_WEIGHT / Math.max(1, ...found.map((each) => each.weight))));
  const lastPrimary = Math.max(0, ...found.filter((each) => !each.backup).map((each) => each.priority));
  const tierOf = (each: DiscoveredEndpoint): number => (each.backup ? lastPrimary + 1 : each.priority);
  // Envoy refuses an assignment whose priorities have gaps.
  const tiers = [...new Set(found.map(tierOf))].sort((a, b) => a - b);
  const assembled = found.map((each) => ({
    address: each.address,
    port: each.port,
    weight: Math.max(
      1,
      Math.round(each.weight * stretch * (factors.get(`${each.address}:${each.port}`) ?? 1)),
    ),
    zone: each.zone,
    priority: tiers.indexOf(tierOf(each)),
    health: each.health,
  }));
  const hasSecond = found.some((each) => !each.backup && tiers.indexOf(tierOf(each)) === 1);
  return overflow > 0 && hasSecond ? overflown(assembled, overflow) : assembled;
}

/**
 * The first two tiers as one in which the second has the given share: Envoy gives a later tier something only for lost
 * endpoints of the earlier. With nobody left in the first, the second has it all.
 */
function overflown(endpoints: readonly EndpointIr[], share: number): readonly EndpointIr[] {
  const weightOf = (tier: number) =>
    endpoints
      .filter(({ priority, health }) => priority === tier && health !== 'draining')
      .reduce((sum, { weight }) => sum + weight, 0);
  const [first, second] = [weightOf(0), weightOf(1)];
  const stretch = first > 0 && second > 0 ? (share / (1 - share)) * (first / second) : 1;
  return endpoints.map((each) => {
    if (each.priority === 0) return each;
    if (each.priority > 1) return { ...each, priority: each.priority - 1 };
    return { ...each, priority: 0, weight: Math.max(1, Math.round(stretch * each.weight)) };
  });
}
