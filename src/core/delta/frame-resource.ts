import { createHash } from 'node:crypto';
import { ttlField } from './answer.ts';
import type { Resource } from './resource.ts';
import type { TypeUrl } from './type-urls.ts';
import { bytesField, textField } from './wire.ts';

/** Hexadecimal digits of a version: 64 bits tell a million contents apart. */
const VERSION_DIGITS = 16;

/** What the engine wants to know of a resource beside its bytes. */
export interface ResourceFacts {
  readonly ttlMs?: number | undefined;
  readonly endpointsName?: string | undefined;
  readonly clusterNames?: readonly string[];
}

/**
 * A resource, framed for both protocols, from the serialised message that it is. Its version is a hash of its
 * content, so that equal content has an equal version after a restart and in every replica.
 */
export function frameResource(
  typeUrl: TypeUrl,
  name: string,
  body: Uint8Array,
  { ttlMs, endpointsName, clusterNames = [] }: ResourceFacts = {},
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
  return { typeUrl, name, version, deltaFrame, sotwFrame, ttlMs, endpointsName, clusterNames };
}

/** "TTL": in state of the world a resource that expires is wrapped in a `Resource`. */
function wrapForTtl(resource: Buffer): Buffer {
  const typeUrl = 'type.googleapis.com/envoy.service.discovery.v3.Resource';
  return bytesField(2, Buffer.concat([textField(1, typeUrl), bytesField(2, resource)]));
}
