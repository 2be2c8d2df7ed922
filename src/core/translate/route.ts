import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  RouteConfigurationSchema,
  type RouteSchema,
  type WeightedClusterSchema,
} from '../../gen/envoy/config/route/v3/route_pb.js';
import type { BreakerIr, ServiceIr } from '../ir/ir.ts';
import { callsOf } from './call-variants.ts';
import { fallbackRoutes } from './fallback.ts';
import { observed } from './fallback-cache.ts';
import { hashPolicies } from './hash-policy.ts';
import { ANY, both, routeMatch } from './match.ts';
import { VERSION_HEADER } from './names.ts';
import { type NamedResource, resource } from './resource.ts';
import { type RouteTerms, type Share, termsByValue } from './route-terms.ts';
import { setHeader } from './value.ts';

type RouteInit = MessageInitShape<typeof RouteSchema>;

/** The one route configuration of a service: a new weight or breaker state changes this resource and no other. */
export function routeConfiguration(service: ServiceIr): NamedResource {
  return resource(RouteConfigurationSchema, service.id, {
    name: service.id,
    virtualHosts: [
      { name: service.id, domains: ['*'], routes: serviceRoutes(service, termsByValue(service)) },
    ],
  });
}

/** The routes of a service in the order in which they are tried; the last one takes what is left. */
export function serviceRoutes(service: ServiceIr, terms: RouteTerms): RouteInit[] {
  const shares = sharesOf(service);
  const { breaker } = service.routing;
  if (breaker === undefined) return shares.flatMap((share) => versionRoutes(service, terms, share));
  return [
    ...bypassRoutes(service, terms, shares, breaker),
    ...shares.flatMap((share) => versionRoutes(service, terms, share, breaker.admitted)),
    ...fallbackRoutes(service, breaker.fallback, terms),
  ];
}

/** One share for each entry of each slice, in order, and one for everything else. */
function sharesOf({ routing }: ServiceIr): readonly Share[] {
  const slices = routing.slices.flatMap(({ matches, weights }, slice) =>
    matches.map((match, entry) => ({ name: `slice-${slice}-${entry}`, match, slice: match, weights })),
  );
  return [...slices, { name: 'default', match: ANY, slice: undefined, weights: routing.weights }];
}

function bypassRoutes(
  service: ServiceIr,
  terms: RouteTerms,
  shares: readonly Share[],
  breaker: BreakerIr,
): RouteInit[] {
  return breaker.bypass.flatMap((bypass, entry) =>
    shares.flatMap((share) => {
      const match = both(bypass, share.match);
      return match === undefined
        ? []
        : versionRoutes(service, terms, {
            ...share,
            name: `bypass-${entry}-${share.name}`,
            match,
            bypasses: true,
          });
    }),
  );
}

/**
 * The routes of a share, for the admitted fraction of its requests; the others go on to the next route. Envoy
 * draws once a request, so one that is refused here is refused by the following shares too.
 */
function versionRoutes(service: ServiceIr, terms: RouteTerms, share: Share, admitted?: number): RouteInit[] {
  const fallback = service.routing.breaker?.fallback;
  // What bypasses the breaker is never answered from the cache.
  const observedBy = fallback?.kind === 'cached' && admitted !== undefined ? fallback : undefined;
  const requestMirrorPolicies = [...terms.mirrors()];
  const destination = {
    clusterSpecifier: { case: 'weightedClusters', value: weightedClusters(service, terms, share) },
    hashPolicy: hashPolicies(service.routing.stickiness, service.routing.salt),
    requestMirrorPolicies,
  } as const;
  return callsOf(service, share.name, share.match).map(
    ({ call, ...variant }): RouteInit => ({
      name: variant.name,
      match: routeMatch(variant.match, terms.taken(share, admitted)),
      ...(observedBy === undefined ? {} : { typedPerFilterConfig: observed(service, observedBy) }),
      action: { case: 'route', value: { ...call, ...destination } },
    }),
  );
}

function weightedClusters(
  service: ServiceIr,
  terms: RouteTerms,
  share: Share,
): MessageInitShape<typeof WeightedClusterSchema> {
  const { weights, ...keys } = terms.split(share);
  return {
    ...keys,
    clusters: weights.map(({ version, weight }) => ({
      name: share.bypasses ? terms.bypassClusterOf(version) : terms.clusterOf(version),
      weight,
      responseHeadersToAdd: [setHeader(VERSION_HEADER, version)],
    })),
    ...(service.routing.stickiness.length === 0
      ? {}
      : { randomValueSpecifier: { case: 'useHashPolicy', value: { value: true } } }),
  };
}
