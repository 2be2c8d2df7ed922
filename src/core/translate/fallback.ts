import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteSchema } from '../../gen/envoy/config/route/v3/route_pb.js';
import type { FallbackIr, MatchIr, ServiceIr } from '../ir/ir.ts';
import { callAction } from './call.ts';
import { routeMatch } from './match.ts';
import { FALLBACK_HEADER } from './names.ts';
import { setHeader } from './value.ts';

type RouteInit = MessageInitShape<typeof RouteSchema>;

/** The route for the requests that a breaker does not admit. Callers can tell by `x-penstock-fallback`. */
export function fallbackRoute(
  name: string,
  match: MatchIr,
  fallback: FallbackIr,
  service: ServiceIr,
): RouteInit {
  return fallback.kind === 'cluster'
    ? toCluster(name, match, fallback, service)
    : fixedAnswer(name, match, fallback, service.protocol);
}

function toCluster(
  name: string,
  match: MatchIr,
  fallback: FallbackIr & { kind: 'cluster' },
  service: ServiceIr,
): RouteInit {
  return {
    name,
    match: routeMatch(match),
    responseHeadersToAdd: [setHeader(FALLBACK_HEADER, fallback.label)],
    action: {
      case: 'route',
      value: { ...callAction(service), clusterSpecifier: { case: 'cluster', value: fallback.cluster } },
    },
  };
}

/**
 * Envoy makes a trailers-only answer of it where the caller speaks gRPC: `grpc-status` is kept as it is given
 * here, and the body becomes `grpc-message`, percent-encoded.
 */
function fixedAnswer(
  name: string,
  match: MatchIr,
  fallback: FallbackIr & { kind: 'response' },
  protocol: ServiceIr['protocol'],
): RouteInit {
  const grpcStatus = protocol === 'grpc' ? [setHeader('grpc-status', String(fallback.grpcStatus))] : [];
  return {
    name,
    match: routeMatch(match),
    responseHeadersToAdd: [
      ...fallback.headers.map((header) => setHeader(header.name, header.value)),
      ...grpcStatus,
      setHeader(FALLBACK_HEADER, 'response'),
    ],
    action: {
      case: 'directResponse',
      value: {
        status: fallback.httpStatus,
        body: { specifier: { case: 'inlineString', value: fallback.message } },
      },
    },
  };
}
