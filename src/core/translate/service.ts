import type { ServiceIr } from '../ir/ir.ts';
import { versionCluster } from './cluster.ts';
import { endpointAssignment } from './endpoints.ts';
import { cacheCluster } from './fallback-cache.ts';
import { limitFilters } from './limit.ts';
import { bypassClusterName } from './names.ts';
import { apiListeners } from './proxyless.ts';
import type { NamedResource } from './resource.ts';
import { routeConfiguration } from './route.ts';
import { scopes } from './scope.ts';

/**
 * All resources of one service, shared by every sidecar that is shown them: clusters and endpoints of its
 * versions and of the cache of its answers, its route configuration, its scopes, its limits, and the listeners that gRPC's own clients ask for.
 * Depends on nothing else, so the result may be kept as long as the service is the same object.
 *
 * @throws Error where weights do not sum to TOTAL_WEIGHT or name a version that is not there.
 */
export function translateService(service: ServiceIr): readonly NamedResource[] {
  return [
    ...service.versions.map((version) => versionCluster(service, version)),
    ...cacheCluster(service),
    ...service.versions.map((version) => endpointAssignment(version)),
    ...bypassClusters(service),
    ...apiListeners(service),
    ...scopes(service),
    routeConfiguration(service),
    ...limitFilters(service),
  ];
}

/** A second cluster of each version where the breaker lets calls bypass it. */
function bypassClusters(service: ServiceIr): readonly NamedResource[] {
  if ((service.routing.breaker?.bypass.length ?? 0) === 0) return [];
  return service.versions.flatMap((version) => {
    const name = bypassClusterName(version.cluster);
    return [versionCluster(service, version, name), endpointAssignment(version, name)];
  });
}
