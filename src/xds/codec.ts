import { type DescMessage, isMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { frameResource } from '../core/delta/frame-resource.ts';
import type { Resource } from '../core/delta/resource.ts';
import { isServed, TYPE_URL, type TypeUrl } from '../core/delta/type-urls.ts';
import { Cluster_DiscoveryType, ClusterSchema } from '../gen/envoy/config/cluster/v3/cluster_pb.js';
import { RouteConfigurationSchema } from '../gen/envoy/config/route/v3/route_pb.js';

/** Field of its name, where a type does not call it `name`. */
const NAME_FIELD: Readonly<Partial<Record<TypeUrl, string>>> = { [TYPE_URL.eds]: 'clusterName' };

/**
 * Encodes a resource once, for all answers. Its version is a hash of its content, so that equal content has
 * an equal version after a restart and in every replica.
 *
 * @param ttlMs clients drop it when they hear nothing of it for so long; heartbeats keep it
 * @throws {TypeError} the message is not of a type that is served, or has no name
 */
export function encodeResource<S extends DescMessage>(
  schema: S,
  message: MessageShape<S>,
  ttlMs?: number,
): Resource {
  const typeUrl = `type.googleapis.com/${schema.typeName}`;
  if (!isServed(typeUrl)) throw new TypeError(`${schema.typeName} is not a resource that is served`);
  const name = (message as unknown as Record<string, unknown>)[NAME_FIELD[typeUrl] ?? 'name'];
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`a resource of ${schema.typeName} has no name`);
  return frameResource(typeUrl, name, toBinary(schema, message), {
    ttlMs,
    endpointsName: isMessage(message, ClusterSchema) ? endpointsNameOf(message) : undefined,
    clusterNames: isMessage(message, RouteConfigurationSchema) ? clusterNamesOf(message) : [],
  });
}

function endpointsNameOf(cluster: MessageShape<typeof ClusterSchema>): string | undefined {
  const { clusterDiscoveryType } = cluster;
  if (clusterDiscoveryType.case !== 'type' || clusterDiscoveryType.value !== Cluster_DiscoveryType.EDS)
    return undefined;
  return cluster.edsClusterConfig?.serviceName || cluster.name;
}

/** Clusters that a route configuration leads to; those that a request's headers choose are not known. */
function clusterNamesOf({ virtualHosts }: MessageShape<typeof RouteConfigurationSchema>): string[] {
  const names = new Set<string>();
  for (const { action } of virtualHosts.flatMap((host) => host.routes)) {
    if (action.case !== 'route') continue;
    const { clusterSpecifier, requestMirrorPolicies } = action.value;
    if (clusterSpecifier.case === 'cluster') names.add(clusterSpecifier.value);
    if (clusterSpecifier.case === 'weightedClusters')
      for (const { name } of clusterSpecifier.value.clusters) names.add(name);
    for (const { cluster } of requestMirrorPolicies) names.add(cluster);
  }
  names.delete('');
  return [...names];
}
