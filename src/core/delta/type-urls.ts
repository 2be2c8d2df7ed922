/** The resource types that are served, by the name of the discovery service that serves them. */
export const TYPE_URL = {
  cds: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  eds: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  lds: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  srds: 'type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration',
  rds: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  sds: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  ecds: 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
  rtds: 'type.googleapis.com/envoy.service.runtime.v3.Runtime',
} as const;

export type TypeName = keyof typeof TYPE_URL;
export type TypeUrl = (typeof TYPE_URL)[TypeName];

/**
 * The order in which types are told to one stream when things are added: what is referred to goes before
 * what refers to it. See "Eventual consistency considerations" of the xDS protocol.
 */
export const ADDING_ORDER: readonly TypeUrl[] = [
  TYPE_URL.sds,
  TYPE_URL.cds,
  TYPE_URL.eds,
  TYPE_URL.ecds,
  TYPE_URL.rtds,
  TYPE_URL.lds,
  TYPE_URL.srds,
  TYPE_URL.rds,
];

const RANK: ReadonlyMap<string, number> = new Map(ADDING_ORDER.map((url, rank) => [url, rank]));

/** Position of a type in {@link ADDING_ORDER}; undefined for a type that is not served. */
export function rankOf(typeUrl: string): number | undefined {
  return RANK.get(typeUrl);
}

export function isServed(typeUrl: string): typeUrl is TypeUrl {
  return RANK.has(typeUrl);
}

/**
 * Types of which the legacy empty list of names means everything ("How the client specifies what resources
 * to return"); of any other type it means nothing. `*` is understood for all.
 */
export const LEGACY_WILDCARD: ReadonlySet<string> = new Set([TYPE_URL.cds, TYPE_URL.lds, TYPE_URL.srds]);

/** Types whose state-of-the-world answers must list everything: what is absent is thereby deleted. */
export const FULL_STATE: ReadonlySet<string> = new Set([TYPE_URL.cds, TYPE_URL.lds]);

/** Types that wait on a stream until its clusters are warm: a route to a cluster that is not fails calls. */
export const AFTER_CLUSTERS: ReadonlySet<string> = new Set([TYPE_URL.lds, TYPE_URL.srds, TYPE_URL.rds]);

/** Types whose removal waits until nobody's listeners or routes can refer to them any more. */
export const REMOVED_LAST: ReadonlySet<string> = new Set([
  TYPE_URL.rds,
  TYPE_URL.cds,
  TYPE_URL.eds,
  TYPE_URL.sds,
]);
