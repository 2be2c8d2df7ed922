import type { Resource } from './resource.ts';
import type { TypeUrl } from './type-urls.ts';
import { bytesField, textField, varintField } from './wire.ts';

/** One response message, encoded once and sent to every stream that shall have it. */
export interface Answer {
  readonly typeUrl: TypeUrl;
  readonly nonce: string;
  /** The message behind the five bytes that frame it on a gRPC stream. */
  readonly framed: Buffer;
  /** Names of the resources told, removed ones included. */
  readonly names: readonly string[];
  /** Whether it brings any resource, or only removes. */
  readonly brings: boolean;
  /** Of the clusters told, the names of their endpoints. */
  readonly endpointsNames: readonly string[];
}

/** What an answer says. */
export interface AnswerContent {
  readonly resources: readonly Resource[];
  /** Names that do not exist, or no longer. */
  readonly removed: readonly string[];
}

const GRPC_PREFIX = 5;

/** A `DeltaDiscoveryResponse`. */
export function encodeDelta(typeUrl: TypeUrl, nonce: string, content: AnswerContent): Answer {
  return answer(typeUrl, nonce, content, [
    ...content.resources.map((r) => r.deltaFrame),
    textField(4, typeUrl),
    textField(5, nonce),
    ...content.removed.map((name) => bytesField(6, Buffer.from(name))),
  ]);
}

/** A `DiscoveryResponse`; removals are told by absence, where the type has it so. */
export function encodeSotw(typeUrl: TypeUrl, nonce: string, content: AnswerContent): Answer {
  return answer(typeUrl, nonce, content, [
    textField(1, combinedVersion(content.resources)),
    ...content.resources.map((r) => r.sotwFrame),
    textField(4, typeUrl),
    textField(5, nonce),
  ]);
}

const RESOURCE_TYPE_URL = 'type.googleapis.com/envoy.service.discovery.v3.Resource';

/** Heartbeats: resources without a body, which keep what the client has from expiring ("TTL"). */
export function encodeHeartbeat(
  protocol: Protocol,
  typeUrl: TypeUrl,
  nonce: string,
  alive: readonly Resource[],
): Answer {
  const beats = alive.map((r) =>
    Buffer.concat([textField(1, r.version), textField(3, r.name), ttlField(r.ttlMs ?? 0)]),
  );
  const content = { resources: [], removed: [] };
  if (protocol === 'delta') {
    const fields = [...beats.map((beat) => bytesField(2, beat)), textField(4, typeUrl), textField(5, nonce)];
    return answer(typeUrl, nonce, content, fields);
  }
  const wrapped = beats.map((beat) =>
    bytesField(2, Buffer.concat([textField(1, RESOURCE_TYPE_URL), bytesField(2, beat)])),
  );
  const version = textField(1, combinedVersion(alive));
  return answer(typeUrl, nonce, content, [version, ...wrapped, textField(4, typeUrl), textField(5, nonce)]);
}

export type Protocol = 'delta' | 'sotw';

/** `Resource.ttl`, a Duration. */
export function ttlField(ttlMs: number): Buffer {
  const seconds = Math.floor(ttlMs / 1000);
  const nanos = Math.round((ttlMs - seconds * 1000) * 1e6);
  return bytesField(6, Buffer.concat([varintField(1, seconds), varintField(2, nanos)]));
}

/** How many bytes a resource takes in an answer. */
export function sizeIn(protocol: Protocol, resource: Resource): number {
  return (protocol === 'delta' ? resource.deltaFrame : resource.sotwFrame).length;
}

/**
 * The version of several resources: equal contents have equal versions, whatever their order. Versions are
 * hexadecimal hashes of 16 digits; they are added by halves.
 */
function combinedVersion(resources: readonly Resource[]): string {
  let high = 0;
  let low = 0;
  for (const { version } of resources) {
    high = (high + Number.parseInt(version.slice(0, 8), 16)) >>> 0;
    low = (low + Number.parseInt(version.slice(8, 16), 16)) >>> 0;
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

function answer(
  typeUrl: TypeUrl,
  nonce: string,
  content: AnswerContent,
  fields: readonly Uint8Array[],
): Answer {
  let length = 0;
  for (const field of fields) length += field.length;
  const framed = Buffer.allocUnsafeSlow(GRPC_PREFIX + length);
  framed[0] = 0; // not compressed
  framed.writeUInt32BE(length, 1);
  let at = GRPC_PREFIX;
  for (const field of fields) {
    framed.set(field, at);
    at += field.length;
  }
  const { resources, removed } = content;
  return {
    typeUrl,
    nonce,
    framed,
    names: [...resources.map((r) => r.name), ...removed],
    brings: resources.length > 0,
    endpointsNames: resources.flatMap((r) => r.endpointsName ?? []),
  };
}
