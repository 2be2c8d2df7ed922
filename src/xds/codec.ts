import { type DescMessage, isMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { frameResource } from '../core/delta/frame-resource.ts';
import type { Resource } from '../core/delta/resource.ts';
import { isServed, TYPE_URL, type TypeUrl } from '../core/delta/type-urls.ts';
import { Cluster_DiscoveryType, ClusterSchema } from '../gen/envoy/config/cluster/v3/cluster_pb.js';

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
  });
}

function endpointsNameOf(cluster: MessageShape<typeof ClusterSchema>): string | undefined {
  const { clusterDiscoveryType } = cluster;
  if (clusterDiscoveryType.case !== 'type' || clusterDiscoveryType.value !== Cluster_DiscoveryType.EDS)
    return undefined;
  return cluster.edsClusterConfig?.serviceName || cluster.name;
}
