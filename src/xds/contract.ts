import type { Acknowledgement, Levels, NodeIdentity, Rejection, StreamFacts } from '../core/delta/facts.ts';
import type { Change, Publication, Resource, ResourceKey, ResourceVersion } from '../core/delta/resource.ts';
import type { TypeUrl } from '../core/delta/type-urls.ts';
import type { LatencyReport } from '../core/signals/latency-report.ts';
import type { LoadReport } from '../core/signals/load-report.ts';
import type { Peer } from '../grpc/peer.ts';
import type { TlsCredentials } from '../grpc/tls.ts';
import type { XdsMetrics } from './metrics.ts';
import type { XdsSettings } from './settings.ts';

/** What the server needs of whoever decides which node sees what. */
export interface NodeDirectory {
  /**
   * The view that this node is shown, by its key; nodes with equal keys share everything. Called once a
   * stream, when it names its node; it may publish a view that was not there before returning its key.
   * A view that is not published is waited for: nothing is said to the stream until it is.
   *
   * @throws {NodeRefused} this node is not served; its stream ends with the message.
   */
  viewOf(node: NodeIdentity, peer: Peer): string | Promise<string>;
  /**
   * Asked before anything of a node is answered or believed. Without it every node may be served. This and what
   * follows is asked where streams are served: with workers it is not.
   * @throws {NodeRefused}
   */
  admit?(node: NodeIdentity, peer: Peer): void;
  /** Why these names may not be asked for, or undefined. Without it everybody may ask for everything. */
  whyNotRead?(node: NodeIdentity, peer: Peer, typeUrl: TypeUrl, names: Iterable<string>): string | undefined;
  /** Whether what a node reports of this cluster is believed. Without it everything is. */
  mayReport?(node: NodeIdentity, peer: Peer, cluster: string): boolean;
}

/** Thrown by a {@link NodeDirectory}: the stream ends with this code and message. */
export class NodeRefused extends Error {
  override readonly name = 'NodeRefused';
  readonly code: 'FAILED_PRECONDITION' | 'PERMISSION_DENIED';

  constructor(message: string, code: NodeRefused['code'] = 'FAILED_PRECONDITION') {
    super(message);
    this.code = code;
  }
}

/** Where the secrets of an identity come from. */
export interface SecretSource {
  /**
   * Has `told` called with all secrets of an identity, soon, and again whenever they are renewed.
   * @returns how to stop
   */
  follow(identity: string, told: (secrets: readonly Resource[]) => void): () => void;
}

export interface XdsOptions {
  /** `HOST:PORT`; port 0 is any free one. */
  readonly address: string;
  readonly nodes: NodeDirectory;
  /** Certificates of the server, and the authorities that clients' certificates must come from; none: plaintext. */
  readonly tls?: TlsCredentials;
  /** Secrets for sidecars, each identity its own. Without it secrets are resources as any other. */
  readonly secrets?: SecretSource;
  readonly settings?: Partial<XdsSettings>;
  /** Processes that serve the streams, behind the one address; 1, the default, is this process itself. */
  readonly workers?: number;
  readonly metrics?: XdsMetrics;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly listener?: XdsListener;
}

/** Told of what happens, at once and synchronously; must not throw and be quick. */
export interface XdsListener {
  loadReport?(report: LoadReport): void;
  /** A sidecar pushed the latencies of its clusters. Without this its statistics are not taken. */
  latencyReport?(report: LatencyReport): void;
  /** A stream acknowledged everything up to this publication, for this type. */
  acknowledged?(event: { nodeId: string; typeUrl: TypeUrl; sequence: number; afterMs: number }): void;
  rejected?(event: { nodeId: string; typeUrl: TypeUrl; rejection: Rejection }): void;
  connected?(node: NodeIdentity, peer: Peer): void;
  disconnected?(node: NodeIdentity, peer: Peer): void;
  /** A stream was ended by the server, with the reason that the client was told. */
  refused?(event: { peer: string; reason: string }): void;
  /** A worker ended that should not have; its streams are closed, and another one takes its place. */
  workerLost?(event: { pid: number; reason: string; streams: number }): void;
}

/** The xDS server: the pool of resources, and the streams that follow it. */
export interface XdsServer {
  readonly address: string;
  readonly port: number;
  /** Processes that serve; this one alone where there are no workers. */
  readonly pids: readonly number[];
  /**
   * Changes the pool; streams are told at once, or within `coalesceMs` during a burst. Unchanged content is
   * not told. Nothing at all is told to anybody before the first publication.
   */
  publish(change: Change): Publication;
  /** The change that leads from the pool as it is to exactly these resources. */
  changeTo(resources: Iterable<Resource>): Change;
  /** What is in the pool under this key. */
  resource(key: ResourceKey): Resource | undefined;
  /** Every resource in the pool with its version. */
  versions(): ResourceVersion[];
  /**
   * Connected streams, in the order in which they connected; a node may have several. With workers these, the levels
   * and acknowledgements are as the workers last told, at most a second old.
   */
  streams(): StreamFacts[];
  /** Who of those subscribed to these resources acknowledged them as of this publication or a later one. */
  acknowledgement(sequence: number, keys: Iterable<ResourceKey>): Acknowledgement;
  /** The processes that serve streams, where there are several. */
  workers(): readonly WorkerFacts[];
  /**
   * New connections use these certificates from here on; open ones go on, unless they come from an authority that is
   * no longer trusted. Whether client certificates are asked for does not change.
   */
  rotate(credentials: TlsCredentials): void;
  /** Asks the directory again about every node; who is refused now, or shown another view, has to connect again. */
  admitAgain(): void;
  /** Counts of what there is now, for metrics. */
  levels(): Levels;
  /** Lets answers under way go out, ends every stream (clients reconnect elsewhere), and stops listening. */
  close(): Promise<void>;
}

/** A process that serves streams for another, as it last told. */
export interface WorkerFacts {
  readonly pid: number;
  readonly connections: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** 99th percentile of how late its timers were within the last second, ms. */
  readonly eventLoopDelayMs: number;
}

/** The server could not listen; the message names the address and the reason. */
export class ListenFailed extends Error {
  override readonly name = 'ListenFailed';
  readonly address: string;

  constructor(address: string, cause: Error & { code?: string }) {
    super(`xds: cannot listen on ${address}: ${WHY_NOT[cause.code ?? ''] ?? cause.message}`, { cause });
    this.address = address;
  }
}

const WHY_NOT: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; stop what listens there, or choose another address',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such host',
  EACCES: 'not permitted; choose a port above 1023',
};
