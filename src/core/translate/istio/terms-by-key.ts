import type { ServiceIr } from '../../ir/ir.ts';
import { type FractionInit, mirrorTo, type RouteTerms, type Share } from '../route-terms.ts';
import { fraction } from '../value.ts';
import { admittedKey, bypassKey, istioCluster, mirrorKey, weightKeyPrefix } from './istio-names.ts';

/**
 * Of a version without a key. The default version's is as small as can be, so that it loses to the weights told of the
 * others, which are never 0.
 */
const DEFAULT_WEIGHT = 1;
const EVERYTHING = 10_000;

/**
 * Everything that decisions change by a key of the runtime, with what holds where nothing is told: everybody goes
 * to the default version, the breaker is closed, no slice is in use and nothing is mirrored.
 *
 * @param defaultVersion has all the traffic of a sidecar that was told nothing
 * @param clusterNamed Istio's name for a cluster `NAMESPACE/SERVICE/VERSION`
 */
export function termsByKey(
  service: ServiceIr,
  defaultVersion: string,
  clusterNamed: (cluster: string) => string,
): RouteTerms {
  return {
    clusterOf: (version) => istioCluster(service, version),
    // Istio's sidecars have the clusters of Istio: there they are counted.
    bypassClusterOf: (version) => istioCluster(service, version),
    clusterNamed,
    taken: (share, admitted) => taken(service, share, admitted),
    split: ({ slice }) => ({
      runtimeKeyPrefix: weightKeyPrefix(slice),
      weights: service.versions.map(({ name }) => ({
        version: name,
        weight: name === defaultVersion ? DEFAULT_WEIGHT : 0,
      })),
    }),
    mirrors: () =>
      service.versions.map(({ name }) => {
        const share = { defaultValue: fraction(0), runtimeKey: mirrorKey(service, name) };
        return mirrorTo(istioCluster(service, name), share);
      }),
  };
}

/** A breaker has no say over what bypasses it. */
function taken(service: ServiceIr, { slice }: Share, admitted: number | undefined): FractionInit | undefined {
  if (admitted !== undefined) {
    const defaultValue = fraction(slice === undefined ? EVERYTHING : 0);
    return { defaultValue, runtimeKey: admittedKey(service, slice) };
  }
  return slice === undefined
    ? undefined
    : { defaultValue: fraction(0), runtimeKey: bypassKey(service, slice) };
}
