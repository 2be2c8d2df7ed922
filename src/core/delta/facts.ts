import type { ResourceKey } from './resource.ts';
import type { TypeUrl } from './type-urls.ts';

/** A client as it names itself in its first request. */
export interface NodeIdentity {
  readonly id: string;
  readonly cluster: string;
  /** `envoy`, `gRPC Go`, … and its version, where it tells. */
  readonly userAgent: string;
  readonly zone: string;
  /** `node.metadata` as plain JSON. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A connected stream and how far it has followed. Times are ms since the epoch. */
export interface StreamFacts {
  readonly node: NodeIdentity;
  readonly view: string;
  /** `ADDRESS:PORT` of the client. */
  readonly peer: string;
  readonly protocol: 'delta' | 'sotw';
  readonly connectedAt: number;
  /** True when every type is acknowledged as published and nothing is rejected. */
  readonly converged: boolean;
  readonly lastAckAt: number | undefined;
  /** How long the oldest answer without acknowledgement, or the oldest change not yet sent, waits; 0 if none. */
  readonly lagMs: number;
  readonly types: readonly TypeFacts[];
}

export interface TypeFacts {
  readonly typeUrl: TypeUrl;
  /** Resources it is subscribed to that exist. */
  readonly resources: number;
  readonly sentSequence: number;
  readonly acknowledgedSequence: number;
  readonly acknowledged: boolean;
  readonly rejection: Rejection | undefined;
}

/** A NACK, kept until the client accepts what it rejected, or something newer in its place. */
export interface Rejection {
  readonly at: number;
  /** `error_detail.message`, as the client wrote it. */
  readonly message: string;
  readonly nonce: string;
  /** Names in the answer that was rejected. */
  readonly names: readonly string[];
}

/** Who has acknowledged a change, of those who are subscribed to what it changed. */
export interface Acknowledgement {
  readonly of: number;
  readonly by: number;
  readonly lastAt: number | undefined;
  /** Node ids of those who have not, each once. */
  readonly laggards: readonly string[];
  /** Of those, the ones that rejected it. */
  readonly rejected: readonly {
    readonly nodeId: string;
    readonly key: ResourceKey;
    readonly message: string;
  }[];
}

/** How much there is, and how far behind the slowest is. */
export interface Levels {
  readonly streams: number;
  /** Subscriptions of all streams, by type. */
  readonly subscriptions: ReadonlyMap<TypeUrl, number>;
  /** Resources in the pool, by type. */
  readonly resources: ReadonlyMap<TypeUrl, number>;
  /** Streams that have not acknowledged everything. */
  readonly laggards: number;
  /** How long the slowest of them has been behind, ms. */
  readonly slowestLagMs: number;
}
