import { createHash } from 'node:crypto';
import { type DescMessage, isMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { ttlField } from '../core/delta/answer.ts';
import type { Resource } from '../core/delta/resource.ts';
import { isServed, TYPE_URL, type TypeUrl } from '../core/delta/type-urls.ts';
import { bytesField, textField } from '../core/delta/wire.ts';
import { Cluster_DiscoveryType, ClusterSchema } from '../gen/envoy/config/cluster/v3/cluster_pb.js';

/** Field of its name, where a type does not call it `name`. */
const NAME_FIELD: Readonly<Partial<Record<TypeUrl, string>>> = { [TYPE_URL.eds]: 'clusterName' };
/** Hexadecimal digits of a version: 64 bits tell a million contents apart. */
const VERSION_DIGITS = 16;

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

/** A resource from the serialised message that it is. */
export function frameResource(
  typeUrl: TypeUrl,
  name: string,
  body: Uint8Array,
  { ttlMs, endpointsName }: { ttlMs?: number | undefined; endpointsName?: string | undefined } = {},
): Resource {
  const hash = createHash('sha256').update(body);
  if (ttlMs !== undefined) hash.update(`ttl ${ttlMs}`);
  const version = hash.digest('hex').slice(0, VERSION_DIGITS);
  const any = bytesField(2, Buffer.concat([textField(1, typeUrl), bytesField(2, body)]));
  const head = [textField(1, version), textField(3, name), ...(ttlMs === undefined ? [] : [ttlField(ttlMs)])];
  // Fields may stand in any order: with the Any last, and `resource` and `resources` both being field 2, the
  // end of one encoding is the other.
  const deltaFrame = bytesField(2, Buffer.concat([...head, any]));
  const bare = deltaFrame.subarray(deltaFrame.length - any.length);
  const sotwFrame = ttlMs === undefined ? bare : wrapForTtl(Buffer.concat([...head, any]));
  return { typeUrl, name, version, deltaFrame, sotwFrame, ttlMs, endpointsName };
}

/** "TTL": in state of the world a resource that expires is wrapped in a `Resource`. */
function wrapForTtl(resource: Buffer): Buffer {
  const typeUrl = 'type.googleapis.com/envoy.service.discovery.v3.Resource';
  return bytesField(2, Buffer.concat([textField(1, typeUrl), bytesField(2, resource)]));
}

function endpointsNameOf(cluster: MessageShape<typeof ClusterSchema>): string | undefined {
  const { clusterDiscoveryType } = cluster;
  if (clusterDiscoveryType.case !== 'type' || clusterDiscoveryType.value !== Cluster_DiscoveryType.EDS)
    return undefined;
  return cluster.edsClusterConfig?.serviceName || cluster.name;
}
