import { fromBinary } from '@bufbuild/protobuf';
import type { NodeIdentity } from '../core/delta/facts.ts';
import { MalformedMessage } from '../core/delta/wire.ts';
import type { NodeDescriptor } from '../core/ir/node.ts';
import { parseNodeMetadata } from '../core/translate/node-metadata.ts';
import { type Node, NodeSchema } from '../gen/envoy/config/core/v3/core_pb.js';

/** @throws {MalformedMessage} these bytes are no `Node` */
export function decodeNode(bytes: Uint8Array): NodeIdentity {
  try {
    return identityOf(fromBinary(NodeSchema, bytes));
  } catch (error) {
    throw new MalformedMessage(`node: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

export function identityOf(node: Node): NodeIdentity {
  return {
    id: node.id,
    cluster: node.cluster,
    userAgent: `${node.userAgentName} ${userAgentVersion(node)}`.trim(),
    zone: node.locality?.zone ?? '',
    metadata: node.metadata ?? {},
  };
}

function userAgentVersion({ userAgentVersionType: version }: Node): string {
  if (version.case === 'userAgentVersion') return version.value;
  const number = version.case === 'userAgentBuildVersion' ? version.value.version : undefined;
  return number ? `${number.majorNumber}.${number.minorNumber}.${number.patch}` : '';
}

/** What a node is, for its reports: one that does not say so is a client that speaks xDS itself. */
export function roleOf({ metadata }: NodeIdentity): NodeDescriptor['kind'] {
  const descriptor = parseNodeMetadata(metadata);
  return typeof descriptor === 'string' ? 'proxyless' : descriptor.kind;
}
