import type { TypeUrl } from './type-urls.ts';

/** Names a resource; names are unique over the whole pool, whoever sees them. */
export interface ResourceKey {
  readonly typeUrl: TypeUrl;
  readonly name: string;
}

/** A resource, encoded once; its bytes are shared by every answer to every stream. */
export interface Resource extends ResourceKey {
  /** Hash of the content: equal content has an equal version in every process. */
  readonly version: string;
  /** `resources` of a `DeltaDiscoveryResponse`, with tag and length. */
  readonly deltaFrame: Uint8Array;
  /** `resources` of a `DiscoveryResponse`, with tag and length. */
  readonly sotwFrame: Uint8Array;
  /** After this time without a heartbeat the client drops it; undefined: it stays. */
  readonly ttlMs: number | undefined;
  /** Of a cluster with EDS: the resource that holds its endpoints. */
  readonly endpointsName: string | undefined;
  /** Of a route configuration: the clusters that it leads to. */
  readonly clusterNames?: readonly string[];
}

/** A resource at a version. */
export interface ResourceVersion extends ResourceKey {
  readonly version: string;
}

/** What one kind of node is shown by a wildcard subscription: names by type. */
export type ViewContents = Readonly<Partial<Record<TypeUrl, Iterable<string>>>>;

/** Change of the pool. Content that is already there is no change. */
export interface Change {
  readonly upsert?: Iterable<Resource>;
  readonly remove?: Iterable<ResourceKey>;
  /** New contents of these views, by key; other views stay as they are. */
  readonly views?: Iterable<readonly [viewKey: string, contents: ViewContents]>;
  readonly removeViews?: Iterable<string>;
}

/** What a change came to. */
export interface Publication {
  /** Ascends by one with every publication that changed something. */
  readonly sequence: number;
  /** Resources that are new or have new content. */
  readonly changed: readonly ResourceVersion[];
  /** Resources that go, including those that wait until no route refers to them. */
  readonly removed: readonly ResourceKey[];
}
