import type { MessageInitShape } from '@bufbuild/protobuf';
import { Cluster_DiscoveryType, ClusterSchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.js';
import { TrafficDirection } from '../../gen/envoy/config/core/v3/core_pb.js';
import { type FilterChainSchema, ListenerSchema } from '../../gen/envoy/config/listener/v3/listener_pb.js';
import type { RouteConfigurationSchema } from '../../gen/envoy/config/route/v3/route_pb.js';
import { HttpConnectionManagerSchema } from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { HttpProtocolOptionsSchema } from '../../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import type { NodeDescriptor } from '../ir/node.ts';
import { accessLogs } from './access-log.ts';
import { HTTP_OPTIONS, thresholds, versionMetadata } from './cluster.ts';
import { grpcStats, limitSlot, router } from './http-filters.ts';
import { LIMIT_SLOTS, SHARE_SLOTS } from './limit-slots.ts';
import { inboundReplies } from './local-replies.ts';
import { serverSocket, tlsInspector } from './mesh-tls.ts';
import {
  inboundClusterName,
  inboundListenerName,
  inboundStatName,
  limitSlotName,
  shareSlotName,
} from './names.ts';
import { type NamedResource, resource, typedConfig } from './resource.ts';
import { tracing } from './tracing.ts';
import { durationOf } from './value.ts';

type InboundNode = NodeDescriptor & { readonly kind: 'inbound' };

const LOOPBACK = '127.0.0.1';
const CONNECT_TIMEOUT_MS = 5000;
/** Ends what a vanished caller left; the idle timeouts that people set are the callers' sidecars'. */
const STREAM_IDLE_MS = 3_600_000;

/**
 * The listener in front of a model server. It depends on the node alone: a change of specs never changes it, so
 * it never drains.
 */
export function inboundListener(node: InboundNode): NamedResource {
  const name = inboundListenerName(node);
  const slots = slotNames(node).map((slot) => limitSlot(slot));
  const manager = typedConfig(HttpConnectionManagerSchema, {
    statPrefix: 'inbound',
    routeSpecifier: { case: 'routeConfig', value: toModelServer(node) },
    // Refused calls are not the version's: they are counted by the limits alone.
    httpFilters: [...slots, grpcStats, router],
    // The peer is the caller, whatever headers say: limits count by it.
    useRemoteAddress: true,
    streamIdleTimeout: durationOf(STREAM_IDLE_MS),
    preserveExternalRequestId: true,
    localReplyConfig: inboundReplies,
    accessLog: accessLogs(node.accessLog),
    ...tracing(node.traced, node.service),
  });
  return resource(ListenerSchema, name, {
    name,
    statPrefix: 'inbound',
    trafficDirection: TrafficDirection.INBOUND,
    address: socket(node.address, node.port),
    ...filterChains(node, [
      {
        name: 'envoy.filters.network.http_connection_manager',
        configType: { case: 'typedConfig', value: manager },
      },
    ]),
  });
}

/** One chain for each way in: over TLS, in plaintext, or both. */
function filterChains(
  { mtls }: InboundNode,
  filters: NonNullable<MessageInitShape<typeof FilterChainSchema>['filters']>,
): Pick<MessageInitShape<typeof ListenerSchema>, 'filterChains' | 'listenerFilters'> {
  if (mtls === undefined) return { filterChains: [{ filters }] };
  const overTls = { filters, transportSocket: serverSocket(mtls.callers) };
  if (mtls.mode === 'strict') return { filterChains: [overTls] };
  return {
    listenerFilters: [tlsInspector],
    filterChains: [{ ...overTls, filterChainMatch: { transportProtocol: 'tls' } }, { filters }],
  };
}

/** The places of its limits: those of all sidecars of the service, and those of which it has a share. */
function slotNames({ service, id }: InboundNode): readonly string[] {
  const names = Array.from({ length: LIMIT_SLOTS }, (_, slot) => limitSlotName(service, slot));
  if (id === undefined) return names;
  return [...names, ...Array.from({ length: SHARE_SLOTS }, (_, slot) => shareSlotName(service, id, slot))];
}

/** The model server on loopback, spoken to in the protocol that the caller speaks. */
export function inboundCluster(node: InboundNode): NamedResource {
  const name = inboundClusterName(node);
  return resource(ClusterSchema, name, {
    name,
    altStatName: inboundStatName(node),
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
    connectTimeout: durationOf(CONNECT_TIMEOUT_MS),
    metadata: versionMetadata(node.service, node.version),
    typedExtensionProtocolOptions: {
      [HTTP_OPTIONS]: typedConfig(HttpProtocolOptionsSchema, {
        upstreamProtocolOptions: {
          case: 'useDownstreamProtocolConfig',
          value: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
        },
      }),
    },
    circuitBreakers: thresholds({ maxRequests: undefined, retryBudgetPercent: 0 }),
    loadAssignment: {
      clusterName: name,
      endpoints: [
        {
          lbEndpoints: [
            { hostIdentifier: { case: 'endpoint', value: { address: socket(LOOPBACK, node.appPort) } } },
          ],
        },
      ],
    },
  });
}

/** No timeout of its own: the caller's sidecar has one, and a deadline that a caller sends is kept to. */
function toModelServer(node: InboundNode): MessageInitShape<typeof RouteConfigurationSchema> {
  return {
    name: inboundStatName(node),
    virtualHosts: [
      {
        name: inboundStatName(node),
        domains: ['*'],
        routes: [
          {
            name: 'model-server',
            match: { pathSpecifier: { case: 'prefix', value: '/' } },
            action: {
              case: 'route',
              value: {
                clusterSpecifier: { case: 'cluster', value: inboundClusterName(node) },
                timeout: durationOf(0),
                maxStreamDuration: { grpcTimeoutHeaderMax: durationOf(0) },
              },
            },
          },
        ],
      },
    ],
  };
}

function socket(address: string, port: number) {
  return {
    address: {
      case: 'socketAddress',
      value: { address, portSpecifier: { case: 'portValue', value: port } },
    },
  } as const;
}
