import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteSchema } from '../../gen/envoy/config/route/v3/route_pb.js';
import type { FallbackIr, ServiceIr } from '../ir/ir.ts';
import { callsOf } from './call-variants.ts';
import { cachedAnswerRoutes } from './fallback-cache.ts';
import { ANY, routeMatch } from './match.ts';
import { FALLBACK_HEADER } from './names.ts';
import type { RouteTerms } from './route-terms.ts';
import { setHeader } from './value.ts';

type RouteInit = MessageInitShape<typeof RouteSchema>;

const NAME = 'fallback';

/** The routes for the requests that a breaker does not admit. Callers can tell by `x-penstock-fallback`. */
export function fallbackRoutes(
  service: ServiceIr,
  fallback: FallbackIr,
  terms: Pick<RouteTerms, 'clusterNamed'>,
): readonly RouteInit[] {
  switch (fallback.kind) {
    case 'cluster':
      return toCluster(service, fallback, terms.clusterNamed(fallback.cluster));
    case 'cached':
      return cachedAnswerRoutes(service, fallback);
    case 'response':
      return [fixedAnswer(service, fallback)];
  }
}

function toCluster(
  service: ServiceIr,
  fallback: FallbackIr & { kind: 'cluster' },
  cluster: string,
): readonly RouteInit[] {
  return callsOf(service, NAME, ANY).map(({ name, match, call }) => ({
    name,
    match: routeMatch(match),
    responseHeadersToAdd: [setHeader(FALLBACK_HEADER, fallback.label)],
    action: {
      case: 'route',
      value: { ...call, clusterSpecifier: { case: 'cluster', value: cluster } },
    },
  }));
}

/**
 * Envoy makes a trailers-only answer of it where the caller speaks gRPC: `grpc-status` is kept as it is given
 * here, and the body becomes `grpc-message`, percent-encoded.
 */
function fixedAnswer({ protocol }: ServiceIr, fallback: FallbackIr & { kind: 'response' }): RouteInit {
  const grpcStatus = protocol === 'grpc' ? [setHeader('grpc-status', String(fallback.grpcStatus))] : [];
  return {
    name: NAME,
    match: routeMatch(ANY),
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
