import type { StreamFacts } from '../delta/facts.ts';
import { TYPE_URL } from '../delta/type-urls.ts';
import { parseNodeMetadata } from '../translate/node-metadata.ts';
import type { SidecarStatus } from './status.ts';

const SHORT_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(TYPE_URL).map(([name, url]) => [url, name.toUpperCase()]),
);

/** A connected sidecar for people. */
export function sidecarStatus(stream: StreamFacts, loadReportAt: number | undefined): SidecarStatus {
  return {
    id: stream.node.id,
    role: roleText(stream),
    address: stream.peer,
    connectedAt: stream.connectedAt,
    protocol: stream.protocol,
    converged: stream.converged,
    lagMs: stream.lagMs,
    lastAckAt: stream.lastAckAt,
    types: stream.types.map(({ typeUrl, resources, acknowledged }) => ({
      type: SHORT_NAMES.get(typeUrl) ?? typeUrl,
      resources,
      acknowledged,
    })),
    rejections: stream.types.flatMap(({ typeUrl, rejection }) =>
      rejection === undefined
        ? []
        : [{ type: SHORT_NAMES.get(typeUrl) ?? typeUrl, at: rejection.at, message: rejection.message }],
    ),
    loadReportAt,
  };
}

function roleText({ node }: StreamFacts): string {
  const descriptor = parseNodeMetadata(node.metadata);
  if (typeof descriptor === 'string') return 'unknown';
  return descriptor.kind === 'inbound'
    ? `inbound ${descriptor.service}/${descriptor.version}`
    : descriptor.kind;
}
