import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { Cluster_DiscoveryType, ClusterSchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.js';
import { FilterConfigSchema, type RouteSchema } from '../../gen/envoy/config/route/v3/route_pb.js';
import {
  ExternalProcessorSchema,
  ExtProcPerRouteSchema,
  ProcessingMode_BodySendMode,
  ProcessingMode_HeaderSendMode,
} from '../../gen/envoy/extensions/filters/http/ext_proc/v3/ext_proc_pb.js';
import type { HttpFilterSchema } from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { HttpProtocolOptionsSchema } from '../../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import type { FallbackIr, ServiceIr } from '../ir/ir.ts';
import { callsOf } from './call-variants.ts';
import { HTTP_OPTIONS } from './cluster.ts';
import { ANY, routeMatch } from './match.ts';
import { CACHE_HEADERS, FALLBACK_HEADER, fallbackCacheName } from './names.ts';
import { type NamedResource, resource, typedConfig } from './resource.ts';
import { addHeader, durationOf, setHeader } from './value.ts';

type CachedIr = FallbackIr & { readonly kind: 'cached' };
type RouteInit = MessageInitShape<typeof RouteSchema>;

const FILTER_NAME = 'envoy.filters.http.ext_proc';
const CONNECT_TIMEOUT_MS = 1000;
/** The cache ends the stream of a call when it has all of it; this ends one that it forgot. */
const FORGOTTEN_MS = 5000;

/**
 * Tells the cache of calls as they pass, and waits for nothing: a call is neither held up nor failed by it. It stands
 * in every listener from the beginning, switched off; the routes of services with a cached fallback switch it on.
 */
export const observer: MessageInitShape<typeof HttpFilterSchema> = {
  name: FILTER_NAME,
  disabled: true,
  configType: {
    case: 'typedConfig',
    value: typedConfig(ExternalProcessorSchema, {
      grpcService: envoyGrpc('fallback/none'),
      failureModeAllow: true,
      observabilityMode: true,
      deferredCloseTimeout: durationOf(FORGOTTEN_MS),
      processingMode: {
        requestHeaderMode: ProcessingMode_HeaderSendMode.SEND,
        requestBodyMode: ProcessingMode_BodySendMode.STREAMED,
        requestTrailerMode: ProcessingMode_HeaderSendMode.SKIP,
        responseHeaderMode: ProcessingMode_HeaderSendMode.SEND,
        responseBodyMode: ProcessingMode_BodySendMode.STREAMED,
        responseTrailerMode: ProcessingMode_HeaderSendMode.SEND,
      },
    }),
  },
};

/** Switches the observer on for a route. Clients that know no such filter may leave it out. */
export function observed(service: ServiceIr, { maxEntries }: CachedIr): Readonly<Record<string, Any>> {
  const config = typedConfig(ExtProcPerRouteSchema, {
    override: {
      case: 'overrides',
      value: {
        grpcService: envoyGrpc(fallbackCacheName(service.id)),
        grpcInitialMetadata: [
          { key: CACHE_HEADERS.service, value: service.id },
          { key: CACHE_HEADERS.maxEntries, value: String(maxEntries) },
        ],
      },
    },
  });
  return { [FILTER_NAME]: typedConfig(FilterConfigSchema, { config, isOptional: true }) };
}

/** The routes to the cache: it answers as the model did, or that it has no answer to this input. */
export function cachedAnswerRoutes(service: ServiceIr, { ttlMs }: CachedIr): readonly RouteInit[] {
  return callsOf(service, 'fallback', ANY).map(({ name, match, call }) => ({
    name,
    match: routeMatch(match),
    requestHeadersToAdd: [
      setHeader(CACHE_HEADERS.service, service.id),
      setHeader(CACHE_HEADERS.ttlMs, String(ttlMs)),
    ],
    // The cache tells itself whether it had an answer; this is for callers who do not reach it.
    responseHeadersToAdd: [addHeader(FALLBACK_HEADER, 'cached-unreachable')],
    action: {
      case: 'route',
      value: { ...call, clusterSpecifier: { case: 'cluster', value: fallbackCacheName(service.id) } },
    },
  }));
}

/** The cluster of a service's cache; none where its fallback is another. */
export function cacheCluster(service: ServiceIr): readonly NamedResource[] {
  const fallback = service.routing.breaker?.fallback;
  if (fallback?.kind !== 'cached') return [];
  const name = fallbackCacheName(service.id);
  const address = {
    case: 'socketAddress',
    value: { address: fallback.host, portSpecifier: { case: 'portValue', value: fallback.port } },
  } as const;
  const cluster = resource(ClusterSchema, name, {
    name,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STRICT_DNS },
    connectTimeout: durationOf(CONNECT_TIMEOUT_MS),
    typedExtensionProtocolOptions: {
      [HTTP_OPTIONS]: typedConfig(HttpProtocolOptionsSchema, {
        upstreamProtocolOptions: {
          case: 'explicitHttpConfig',
          value: { protocolConfig: { case: 'http2ProtocolOptions', value: {} } },
        },
      }),
    },
    loadAssignment: {
      clusterName: name,
      endpoints: [
        { lbEndpoints: [{ hostIdentifier: { case: 'endpoint', value: { address: { address } } } }] },
      ],
    },
  });
  return [cluster];
}

/** Envoy would take the cluster's name for the authority, whose slashes no HTTP/2 server lets pass. */
function envoyGrpc(clusterName: string) {
  const value = { clusterName, authority: 'fallback-cache' };
  return { targetSpecifier: { case: 'envoyGrpc', value } } as const;
}
