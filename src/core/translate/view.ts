import type { ViewContents } from '../delta/resource.ts';
import { TYPE_URL, type TypeUrl } from '../delta/type-urls.ts';
import type { ServiceIr } from '../ir/ir.ts';
import type { NodeDescriptor } from '../ir/node.ts';
import { inboundCluster, inboundListener } from './inbound.ts';
import { authoritiesOf } from './names.ts';
import { outboundListener } from './outbound.ts';
import { clustersOf } from './readable.ts';
import type { NamedResource } from './resource.ts';
import { runtimeLayer } from './runtime.ts';

/** What a sidecar is shown. */
export interface View {
  /** Resources of the node itself; equal names in two views are equal resources. */
  readonly own: readonly NamedResource[];
  /** Names that wildcard subscriptions get, own and shared ones; every resource may be asked for by its name. */
  readonly contents: ViewContents;
}

/** The view of a node over these services, whose shared resources `translateService` makes. */
export function translateView(node: NodeDescriptor, services: readonly ServiceIr[]): View {
  const own = [...ownResources(node), runtimeLayer];
  return {
    own,
    contents: {
      [TYPE_URL.lds]: namesOf(own, TYPE_URL.lds),
      [TYPE_URL.cds]: [...namesOf(own, TYPE_URL.cds), ...clusterNames(node, services)],
      [TYPE_URL.srds]: scopeNames(node, services),
      [TYPE_URL.rtds]: [runtimeLayer.name],
    },
  };
}

function ownResources(node: NodeDescriptor): readonly NamedResource[] {
  switch (node.kind) {
    case 'inbound':
      return [inboundCluster(node), inboundListener(node)];
    case 'outbound':
      return [outboundListener(node)];
    case 'proxyless':
    case 'istio':
      return [];
  }
}

function clusterNames(node: NodeDescriptor, services: readonly ServiceIr[]): readonly string[] {
  if (node.kind !== 'outbound') return [];
  return [...new Set(services.flatMap(clustersOf))];
}

/** An authority that two services claim is there once. */
function scopeNames(node: NodeDescriptor, services: readonly ServiceIr[]): readonly string[] {
  if (node.kind !== 'outbound') return [];
  return [...new Set(services.flatMap(authoritiesOf))];
}

function namesOf(resources: readonly NamedResource[], typeUrl: TypeUrl): readonly string[] {
  return resources.filter((resource) => resource.typeUrl === typeUrl).map(({ name }) => name);
}
