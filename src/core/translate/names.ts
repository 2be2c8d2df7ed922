import type { ServiceIr } from '../ir/ir.ts';
import type { NodeDescriptor } from '../ir/node.ts';

/** Where Envoy's metadata holds what Penstock says of a cluster. */
export const METADATA_NAMESPACE = 'penstock';
/** Response header: the version that answered. */
export const VERSION_HEADER = 'x-penstock-version';
/** Response header: the answer is a fallback, and which. */
export const FALLBACK_HEADER = 'x-penstock-fallback';
/** Request headers that tell a fallback cache whose answers are asked for, and how old they may be (ms). */
export const CACHE_HEADERS = {
  service: 'x-penstock-service',
  ttlMs: 'x-penstock-cache-ttl-ms',
  maxEntries: 'x-penstock-cache-entries',
} as const;
/** The cluster of a sidecar's bootstrap that leads to the control plane. */
export const XDS_CLUSTER = 'penstock_xds';
/** The cluster of a sidecar's bootstrap that leads to the collector of traces. */
export const OTLP_CLUSTER = 'penstock_otlp';
/** Name of the runtime layer in the bootstrap and of its resource. */
export const RUNTIME_LAYER = 'penstock';

/**
 * Authorities under which a service is dialled: each host bare and with the port. They are the names of its
 * scopes, and of its listeners for clients that speak xDS themselves.
 */
export function authoritiesOf(service: ServiceIr): readonly string[] {
  return [...new Set(service.hosts.flatMap((host) => [host, `${host}:${service.port}`]))];
}

/** `outbound/ADDRESS:PORT`; a node that logs or traces has a name of its own, since equal names are equal resources. */
export function outboundListenerName(node: NodeDescriptor & { kind: 'outbound' }): string {
  return `outbound/${hostPort(node.address, node.port)}${watchedName(node)}`;
}

function watchedName({ accessLog, traced }: NodeDescriptor & { kind: 'inbound' | 'outbound' }): string {
  return `${accessLog ? '+log' : ''}${traced === undefined ? '' : `+traced${traced}`}`;
}

/** `inbound/NAMESPACE/SERVICE/VERSION@ADDRESS:PORT>APP-PORT#NODE-ID`: it names the limits of its node. */
export function inboundListenerName(node: NodeDescriptor & { kind: 'inbound' }): string {
  const address = hostPort(node.address, node.port);
  const own = node.id === undefined ? '' : `#${node.id}`;
  return `${inboundStatName(node)}@${address}>${node.appPort}${watchedName(node)}${node.mtls === undefined ? '' : '+mtls'}${own}`;
}

/** `inbound/NAMESPACE/SERVICE/VERSION@APP-PORT` */
export function inboundClusterName(node: NodeDescriptor & { kind: 'inbound' }): string {
  return `${inboundStatName(node)}@${node.appPort}`;
}

/** `inbound/NAMESPACE/SERVICE/VERSION`: the inbound cluster in metrics, apart from the callers' cluster of the version. */
export function inboundStatName(node: NodeDescriptor & { kind: 'inbound' }): string {
  return `inbound/${node.service}/${node.version}`;
}

/** `NAMESPACE/SERVICE/limits/SLOT` */
export function limitSlotName(serviceId: string, slot: number): string {
  return `${serviceId}/limits/${slot}`;
}

/** `NAMESPACE/SERVICE/limits/NODE-ID/SLOT`: limits of which one sidecar enforces a share. */
export function shareSlotName(serviceId: string, nodeId: string, slot: number): string {
  return `${serviceId}/limits/${nodeId}/${slot}`;
}

/** `NAMESPACE/SERVICE/limits/NAME[+NAME]…`: what stands before the counters of a limit's filter. */
export function limitStatName(serviceId: string, names: readonly string[]): string {
  return `${serviceId}/limits/${names.join('+')}`;
}

/** Where a filter that only counts stands: it sees all that is offered, or what the limit has let through. */
export type CounterPlace = 'offered' | 'admitted';

/** `NAMESPACE/SERVICE/offered/LIMIT`: what stands before the counters of a filter that counts what a limit matches. */
export function counterStatName(serviceId: string, place: CounterPlace, limit: string): string {
  return `${serviceId}/${place}/${limit}`;
}

/** `HOST:PORT` with brackets where IPv6 needs them. */
function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * `bypass/NAMESPACE/SERVICE/VERSION`: the endpoints of a version for calls that no breaker may refuse. By a name of their
 * own, load reports and latencies tell them from those that the breaker counts.
 */
export function bypassClusterName(cluster: string): string {
  return `bypass/${cluster}`;
}

/** `fallback/NAMESPACE/SERVICE/cache`: the cache of a service's answers, apart from the clusters of versions. */
export function fallbackCacheName(serviceId: string): string {
  return `fallback/${serviceId}/cache`;
}
