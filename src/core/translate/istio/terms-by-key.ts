import type { ServiceIr } from '../../ir/ir.ts';
import { type FractionInit, mirrorTo, type RouteTerms, type Share } from '../route-terms.ts';
import { fraction } from '../value.ts';
import type { RuntimeValues } from './istio-layer.ts';
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
 * @param written values that hold where nothing is told, in place of those; by key
 */
export function termsByKey(
  service: ServiceIr,
  defaultVersion: string,
  clusterNamed: (cluster: string) => string,
  written: RuntimeValues = {},
): RouteTerms {
  const shareOf = (key: string, otherwise: number): FractionInit => {
    const value = written[key];
    const hundredths = typeof value === 'object' ? value.numerator / 100 : otherwise;
    return { defaultValue: fraction(hundredths), runtimeKey: key };
  };
  const weightOf = (prefix: string, version: string): number => {
    const value = written[`${prefix}.${istioCluster(service, version)}`];
    if (typeof value === 'number') return value;
    return version === defaultVersion ? DEFAULT_WEIGHT : 0;
  };
  return {
    clusterOf: (version) => istioCluster(service, version),
    // Istio's sidecars have the clusters of Istio: there they are counted.
    bypassClusterOf: (version) => istioCluster(service, version),
    clusterNamed,
    taken: (share, admitted) => taken(service, share, admitted, shareOf),
    split: ({ slice }) => ({
      runtimeKeyPrefix: weightKeyPrefix(slice),
      weights: service.versions.map(({ name }) => ({
        version: name,
        weight: weightOf(weightKeyPrefix(slice), name),
      })),
    }),
    mirrors: () =>
      service.versions.map(({ name }) =>
        mirrorTo(istioCluster(service, name), shareOf(mirrorKey(service, name), 0)),
      ),
  };
}

/** A breaker has no say over what bypasses it. */
function taken(
  service: ServiceIr,
  { slice }: Share,
  admitted: number | undefined,
  shareOf: (key: string, otherwise: number) => FractionInit,
): FractionInit | undefined {
  if (admitted !== undefined) {
    return shareOf(admittedKey(service, slice), slice === undefined ? EVERYTHING : 0);
  }
  return slice === undefined ? undefined : shareOf(bypassKey(service, slice), 0);
}
