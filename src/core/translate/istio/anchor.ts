import type { AnchorIr } from '../../ir/anchor.ts';
import { limitsFilter } from './anchor-limits.ts';
import { type ClusterNames, gatewayRoutesFilter, type RouteNames, routesFilter } from './anchor-routes.ts';
import type { AnchoredGateway } from './anchored-gateway.ts';
import { bootstrapConfigMap } from './bootstrap-override.ts';
import type { Transport } from './config-source.ts';
import { destinationRule } from './destination-rule.ts';
import type { RuntimeValues } from './istio-layer.ts';
import { istioCluster } from './istio-names.ts';
import type { IstioObject } from './istio-object.ts';

export interface AnchorOptions {
  readonly transport: Transport;
  /** Where clients run; empty: the namespace of each service. Istio's root namespace stands for all of the mesh. */
  readonly clientNamespaces: readonly string[];
  /** Gateways through which calls come into the mesh. */
  readonly gateways?: readonly AnchoredGateway[];
  /**
   * What is decided, by service and key: written into the routes for sidecars whose bootstrap knows no runtime layer.
   * Each change then is a push of istiod's. Nothing is written unless given.
   */
  readonly written?: ReadonlyMap<string, RuntimeValues>;
  /** Services (`NAMESPACE/NAME`) whose clusters a DestinationRule of somebody else makes. */
  readonly withoutDestinationRule?: ReadonlySet<string>;
}

/**
 * All objects that tie these services to Penstock. Equal arguments give equal objects: applying them again changes
 * nothing, and istiod is never asked to push on account of a decision.
 */
export function anchorObjects(anchors: readonly AnchorIr[], options: AnchorOptions): readonly IstioObject[] {
  const known = clusterNames(anchors);
  const names = (id: string): RouteNames => ({ clusterNamed: known, written: options.written?.get(id) });
  const { transport, withoutDestinationRule } = options;
  const ofServices = anchors.flatMap((anchor) => [
    ...(withoutDestinationRule?.has(anchor.service.id) ? [] : [ruleOf(anchor)]),
    ...clientNamespacesOf(anchor, options).map((namespace) =>
      routesFilter(anchor, names(anchor.service.id), namespace),
    ),
    ...(options.gateways ?? []).map((gateway) =>
      gatewayRoutesFilter(anchor, names(anchor.service.id), gateway),
    ),
    ...limitFilters(anchor, transport),
  ]);
  return [...bootstrapNamespaces(anchors, options), ...ofServices];
}

function ruleOf({ service, workloads }: AnchorIr): IstioObject {
  return destinationRule(service, new Map(workloads.map(({ version, labels }) => [version, labels])));
}

function limitFilters({ service, workloads, limitSets }: AnchorIr, transport: Transport): IstioObject[] {
  if (limitSets.length === 0) return [];
  return workloads.map((workload) => limitsFilter(service.id, workload, limitSets, transport));
}

/** Clients need it for the weights; with a static cluster model servers need it too, for their limits. */
function bootstrapNamespaces(anchors: readonly AnchorIr[], options: AnchorOptions): readonly IstioObject[] {
  const namespaces = anchors.flatMap((anchor) => [
    ...clientNamespacesOf(anchor, options),
    ...(options.gateways ?? []).map(({ namespace }) => namespace),
    ...(anchor.limitSets.length > 0 && options.transport.kind === 'static'
      ? anchor.workloads.map(({ namespace }) => namespace)
      : []),
  ]);
  return [...new Set(namespaces)].sort().map((namespace) => bootstrapConfigMap(namespace, options.transport));
}

function clientNamespacesOf({ service }: AnchorIr, { clientNamespaces }: AnchorOptions): readonly string[] {
  const [own = ''] = service.id.split('/');
  return clientNamespaces.length > 0 ? clientNamespaces : [own];
}

/** @throws Error on a cluster of no service that is anchored: its fallback would lead nowhere. */
function clusterNames(anchors: readonly AnchorIr[]): ClusterNames {
  const known = new Map(
    anchors.flatMap(({ service }) =>
      service.versions.map(({ name, cluster }) => [cluster, istioCluster(service, name)] as const),
    ),
  );
  return (cluster) => {
    const name = known.get(cluster);
    if (name === undefined) throw new Error(`no service of the mesh has the cluster ${cluster}`);
    return name;
  };
}
