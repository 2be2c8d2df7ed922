import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type RouteAction_RequestMirrorPolicySchema,
  RouteConfigurationSchema,
  type RouteSchema,
  type WeightedClusterSchema,
} from '../../gen/envoy/config/route/v3/route_pb.js';
import { type BreakerIr, type MatchIr, type ServiceIr, TOTAL_WEIGHT, type WeightIr } from '../ir/ir.ts';
import { callsOf } from './call-variants.ts';
import { fallbackRoutes } from './fallback.ts';
import { hashPolicies } from './hash-policy.ts';
import { ANY, both, routeMatch } from './match.ts';
import { VERSION_HEADER } from './names.ts';
import { type NamedResource, resource } from './resource.ts';
import { fraction, setHeader } from './value.ts';

type RouteInit = MessageInitShape<typeof RouteSchema>;

/** Requests that share a split of the weights. */
interface Share {
  readonly name: string;
  readonly match: MatchIr;
  readonly weights: readonly WeightIr[];
}

/** The one route configuration of a service: a new weight or breaker state changes this resource and no other. */
export function routeConfiguration(service: ServiceIr): NamedResource {
  return resource(RouteConfigurationSchema, service.id, {
    name: service.id,
    virtualHosts: [{ name: service.id, domains: ['*'], routes: routes(service) }],
  });
}

function routes(service: ServiceIr): RouteInit[] {
  const shares = sharesOf(service);
  const { breaker } = service.routing;
  if (breaker === undefined) return shares.flatMap((share) => versionRoutes(service, share));
  return [
    ...bypassRoutes(service, shares, breaker),
    ...shares.flatMap((share) => versionRoutes(service, share, breaker.admitted)),
    ...fallbackRoutes(service, breaker.fallback),
  ];
}

/** One share for each entry of each slice, in order, and one for everything else. */
function sharesOf({ routing }: ServiceIr): readonly Share[] {
  const slices = routing.slices.flatMap(({ matches, weights }, slice) =>
    matches.map((match, entry) => ({ name: `slice-${slice}-${entry}`, match, weights })),
  );
  return [...slices, { name: 'default', match: ANY, weights: routing.weights }];
}

function bypassRoutes(service: ServiceIr, shares: readonly Share[], breaker: BreakerIr): RouteInit[] {
  return breaker.bypass.flatMap((bypass, entry) =>
    shares.flatMap((share) => {
      const match = both(bypass, share.match);
      return match === undefined
        ? []
        : versionRoutes(service, { ...share, name: `bypass-${entry}-${share.name}`, match });
    }),
  );
}

/**
 * The routes of a share, for the admitted fraction of its requests; the others go on to the next route. Envoy
 * draws once a request, so one that is refused here is refused by the following shares too.
 */
function versionRoutes(service: ServiceIr, { name, match, weights }: Share, admitted?: number): RouteInit[] {
  const destination = {
    clusterSpecifier: { case: 'weightedClusters', value: weightedClusters(service, weights) },
    hashPolicy: hashPolicies(service.routing.stickiness, service.routing.salt),
    requestMirrorPolicies: mirrorPolicies(service),
  } as const;
  return callsOf(service, name, match).map(
    ({ call, ...variant }): RouteInit => ({
      name: variant.name,
      match: routeMatch(variant.match, admitted),
      action: { case: 'route', value: { ...call, ...destination } },
    }),
  );
}

function weightedClusters(
  service: ServiceIr,
  weights: readonly WeightIr[],
): MessageInitShape<typeof WeightedClusterSchema> {
  const total = weights.reduce((sum, { weight }) => sum + weight, 0);
  if (total !== TOTAL_WEIGHT)
    throw new Error(`${service.id}: weights sum to ${total}; ${TOTAL_WEIGHT} always`);
  return {
    clusters: weights.map(({ version, weight }) => ({
      name: clusterOf(service, version),
      weight,
      responseHeadersToAdd: [setHeader(VERSION_HEADER, version)],
    })),
    ...(service.routing.stickiness.length === 0
      ? {}
      : { randomValueSpecifier: { case: 'useHashPolicy', value: { value: true } } }),
  };
}

function mirrorPolicies(
  service: ServiceIr,
): MessageInitShape<typeof RouteAction_RequestMirrorPolicySchema>[] {
  const { mirror } = service.routing;
  if (mirror === undefined) return [];
  return [
    {
      cluster: clusterOf(service, mirror.version),
      runtimeFraction: { defaultValue: fraction(mirror.percent * 100) },
      // The model server sees the authority that the caller dialled.
      disableShadowHostSuffixAppend: true,
    },
  ];
}

function clusterOf(service: ServiceIr, version: string): string {
  const found = service.versions.find(({ name }) => name === version);
  if (found === undefined) throw new Error(`${service.id}: no version ${version}`);
  return found.cluster;
}
