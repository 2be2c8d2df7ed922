import { create, createRegistry, toJson } from '@bufbuild/protobuf';
import {
  type Route,
  RouteAction_HashPolicySchema,
  RouteSchema,
} from '../../../gen/envoy/config/route/v3/route_pb.js';
import { PreviousHostsPredicateSchema } from '../../../gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import type { AnchorIr } from '../../ir/anchor.ts';
import type { ServiceIr } from '../../ir/ir.ts';
import { hashPolicies } from '../hash-policy.ts';
import { serviceRoutes } from '../route.ts';
import { type AnchoredGateway, gatewayName } from './anchored-gateway.ts';
import type { RuntimeValues } from './istio-layer.ts';
import { dottedName, envoyFilter, type IstioObject } from './istio-object.ts';
import { termsByKey } from './terms-by-key.ts';

/** Istio's name for a cluster `NAMESPACE/SERVICE/VERSION`. */
export type ClusterNames = (cluster: string) => string;

/** What routes are told with. */
export interface RouteNames {
  readonly clusterNamed: ClusterNames;
  /** Values that hold where a sidecar was told nothing; undefined: the anchor's own. */
  readonly written: RuntimeValues | undefined;
}

/** Messages that stand inside an `Any`. */
const registry = createRegistry(PreviousHostsPredicateSchema);

/**
 * The EnvoyFilter that puts the routes of a service before istiod's own in its virtual hosts, for the sidecars of the
 * clients in a namespace. They refer to the runtime for all that is decided, and so never change while weights do.
 */
export function routesFilter(anchor: AnchorIr, names: RouteNames, clientNamespace: string): IstioObject {
  const { id, port } = anchor.service;
  const configPatches = routePatches(anchor, names, 'SIDECAR_OUTBOUND', port);
  return envoyFilter(id, clientNamespace, `penstock.${dottedName(id)}`, { configPatches });
}

/**
 * The same for the pods of a gateway: before the routes that a VirtualService or a route of the Gateway API gives it for
 * a host of the service. Without either a gateway has no virtual host of that name, and nothing is changed.
 */
export function gatewayRoutesFilter(
  anchor: AnchorIr,
  names: RouteNames,
  gateway: AnchoredGateway,
): IstioObject {
  const { id } = anchor.service;
  const { namespace, labels, port } = gateway;
  return envoyFilter(id, namespace, `penstock.${dottedName(id)}.${gatewayName(gateway)}`, {
    workloadSelector: { labels },
    configPatches: routePatches(anchor, names, 'GATEWAY', port),
  });
}

function routePatches(
  anchor: AnchorIr,
  names: RouteNames,
  context: 'SIDECAR_OUTBOUND' | 'GATEWAY',
  port: number,
): readonly object[] {
  const routes = anchorRoutes(anchor, names);
  return anchor.service.hosts.flatMap((host) => {
    const vhost = { name: `${host}:${port}` };
    // Each is put first, so the last one given is the first one tried.
    return routes.toReversed().map((value) => ({
      applyTo: 'HTTP_ROUTE',
      match: { context, routeConfiguration: { vhost } },
      patch: { operation: 'INSERT_FIRST', value },
    }));
  });
}

/** The routes in the form of Envoy's configuration files, in the order in which they are tried. */
function anchorRoutes(anchor: AnchorIr, names: RouteNames): readonly object[] {
  const { service, defaultVersion } = anchor;
  return serviceRoutes(service, termsByKey(service, defaultVersion, names.clusterNamed, names.written)).map(
    (route) => {
      // Told apart from istiod's in access logs.
      const message = create(RouteSchema, { ...route, name: `penstock/${service.id}/${route.name}` });
      keepAffinity(service, message);
      return toJson(RouteSchema, message, { registry, useProtoFieldName: true }) as object;
    },
  );
}

/**
 * In Istio's clusters the instance is chosen by the hash of the route. What keeps a user on a version goes first: with
 * both, the instance follows the user too.
 */
function keepAffinity({ routing, versions }: ServiceIr, { action }: Route): void {
  const affinity = versions[0]?.balancing.affinity ?? [];
  if (action.case !== 'route' || routing.stickiness.length > 0) return;
  action.value.hashPolicy = hashPolicies(affinity, '').map((key) =>
    create(RouteAction_HashPolicySchema, key),
  );
}
