import type { StreamFacts } from '../delta/facts.ts';
import { TYPE_URL } from '../delta/type-urls.ts';
import { parseNodeMetadata } from '../translate/node-metadata.ts';
import type { SidecarStatus } from './status.ts';

const SHORT_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(TYPE_URL).map(([name, url]) => [url, name.toUpperCase()]),
);

/** Connected sidecars for people; one that has several streams (Istio's have one a resource) is one sidecar. */
export function sidecarStatuses(
  streams: readonly StreamFacts[],
  loadReportAt: (nodeId: string) => number | undefined,
): readonly SidecarStatus[] {
  return [...Map.groupBy(streams, ({ node, peer }) => `${peer} ${node.id}`).values()].map((own) =>
    own.map((stream) => sidecarStatus(stream, loadReportAt(stream.node.id))).reduce(together),
  );
}

/** Two streams of a sidecar as one. */
function together(a: SidecarStatus, b: SidecarStatus): SidecarStatus {
  const types = [...Map.groupBy([...a.types, ...b.types], ({ type }) => type)].map(([type, same]) => ({
    type,
    resources: same.reduce((sum, { resources }) => sum + resources, 0),
    acknowledged: same.every(({ acknowledged }) => acknowledged),
  }));
  const acks = [a.lastAckAt, b.lastAckAt].filter((at) => at !== undefined);
  return {
    ...a,
    connectedAt: Math.min(a.connectedAt, b.connectedAt),
    converged: a.converged && b.converged,
    lagMs: Math.max(a.lagMs, b.lagMs),
    lastAckAt: acks.length === 0 ? undefined : Math.max(...acks),
    types,
    rejections: [...a.rejections, ...b.rejections],
  };
}

function sidecarStatus(stream: StreamFacts, loadReportAt: number | undefined): SidecarStatus {
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
