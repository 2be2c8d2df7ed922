import { TYPE_URL, type TypeUrl } from '../delta/type-urls.ts';
import type { ServiceIr } from '../ir/ir.ts';
import type { NodeDescriptor } from '../ir/node.ts';
import { type AccessScope, includesNode, includesService } from '../security/access-policy.ts';
import {
  authoritiesOf,
  bypassClusterName,
  fallbackCacheName,
  inboundClusterName,
  inboundListenerName,
  limitSlotName,
  outboundListenerName,
  RUNTIME_LAYER,
} from './names.ts';

const WILDCARD = '*';

/** Why a scope does not let this node be what it says it is; undefined: it does. */
export function whyNotServed(scope: AccessScope, node: NodeDescriptor, nodeId: string): string | undefined {
  if (!includesNode(scope.nodes, nodeId)) return `may not use the node id ${JSON.stringify(nodeId)}`;
  if (node.kind === 'inbound')
    return includesService(scope.serves, node.service)
      ? undefined
      : `may not stand in front of ${node.service}`;
  if (node.kind === 'istio' && !scope.calls.includes('*/*'))
    return "is told of every service, as Istio's sidecars are; allow it to call */*";
  return scope.calls.length > 0 ? undefined : 'may not call any service';
}

/**
 * The first of these resources that a node is not shown and may not ask for either; undefined: it may ask for all.
 * @param node with its id where it is in front of a model server
 */
export function firstUnreadable(
  scope: AccessScope,
  node: NodeDescriptor,
  services: readonly ServiceIr[],
  typeUrl: TypeUrl,
  names: Iterable<string>,
): string | undefined {
  if (node.kind === 'istio') return undefined;
  const isReadable = node.kind === 'inbound' ? readsAsInbound(node) : readsAsCaller(scope, node, services);
  for (const name of names) {
    if (
      name !== WILDCARD &&
      !(typeUrl === TYPE_URL.rtds && name === RUNTIME_LAYER) &&
      !isReadable(typeUrl, name)
    )
      return name;
  }
  return undefined;
}

type IsReadable = (typeUrl: TypeUrl, name: string) => boolean;

/** Its own listener and cluster, and the limits of its service. */
function readsAsInbound(node: NodeDescriptor & { kind: 'inbound' }): IsReadable {
  const shared = limitSlotName(node.service, 0).slice(0, -1);
  return (typeUrl, name) => {
    if (typeUrl === TYPE_URL.lds) return name === inboundListenerName(node);
    if (typeUrl === TYPE_URL.cds) return name === inboundClusterName(node);
    if (typeUrl !== TYPE_URL.ecds || !name.startsWith(shared)) return false;
    const slot = name.slice(shared.length);
    return /^\d+$/.test(slot) || slot.startsWith(`${node.id}/`);
  };
}

/** What belongs to the services that it may call, and the clusters that their routes lead to. */
function readsAsCaller(
  scope: AccessScope,
  node: NodeDescriptor & { kind: 'outbound' | 'proxyless' },
  services: readonly ServiceIr[],
): IsReadable {
  const callable = services.filter(({ id }) => includesService(scope.calls, id));
  const authorities = new Set(callable.flatMap(authoritiesOf));
  const routes = new Set(callable.map(({ id }) => id));
  const clusters = new Set(callable.flatMap(clustersOf));
  const own = node.kind === 'outbound' ? outboundListenerName(node) : undefined;
  return (typeUrl, name) => {
    switch (typeUrl) {
      case TYPE_URL.lds:
        return name === own || authorities.has(name);
      case TYPE_URL.srds:
        return authorities.has(name);
      case TYPE_URL.rds:
        return routes.has(name);
      case TYPE_URL.cds:
      case TYPE_URL.eds:
        return clusters.has(name);
      default:
        return false;
    }
  };
}

/** Clusters that the routes of a service lead to: its versions, and where it falls back to. */
export function clustersOf({ id, versions, routing }: ServiceIr): readonly string[] {
  const fallback = routing.breaker?.fallback;
  const names = versions.map(({ cluster }) => cluster);
  if ((routing.breaker?.bypass.length ?? 0) > 0) names.push(...names.map(bypassClusterName));
  if (fallback?.kind === 'cluster') names.push(fallback.cluster);
  if (fallback?.kind === 'cached') names.push(fallbackCacheName(id));
  return [...new Set(names)];
}
