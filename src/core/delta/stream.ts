import type { Protocol } from './answer.ts';
import type { NodeIdentity } from './facts.ts';
import type { DiscoveryRequest } from './request.ts';
import type { Subscription } from './subscription.ts';
import { ADDING_ORDER, TYPE_URL, type TypeUrl } from './type-urls.ts';
import type { View } from './view.ts';

/** Where the answers of a stream go. */
export interface Sink {
  /** Whether it takes another answer now; it calls for more by `Engine.drained` when it does again. */
  readonly ready: boolean;
  /** Takes a gRPC frame; never refuses, but may be unready afterwards. */
  write(framed: Buffer): void;
  /** Ends the stream with a status. */
  end(status: StreamEnd): void;
}

/** Why the server ends a stream; the code's name is gRPC's. */
export interface StreamEnd {
  readonly code: 'INVALID_ARGUMENT' | 'FAILED_PRECONDITION' | 'RESOURCE_EXHAUSTED' | 'UNAVAILABLE';
  readonly message: string;
}

/** The request cannot be served; its stream ends so. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly end: StreamEnd;

  constructor(code: StreamEnd['code'], message: string) {
    super(message);
    this.end = { code, message };
  }
}

export interface StreamOpening {
  readonly protocol: Protocol;
  /** The type of a single-type stream; undefined on an aggregated one. */
  readonly typeUrl: TypeUrl | undefined;
  readonly peer: string;
  readonly sink: Sink;
}

/** A stream: who is at its other end, and what it is subscribed to. */
export class StreamState {
  readonly protocol: Protocol;
  readonly typeUrl: TypeUrl | undefined;
  readonly peer: string;
  readonly sink: Sink;
  readonly openedAt: number;
  /** Known from the first request on. */
  node: NodeIdentity | undefined;
  view: View | undefined;
  readonly subscriptions = new Map<TypeUrl, Subscription>();
  /** Since when it takes no more answers. */
  blockedSince: number | undefined;
  /** Endpoints of clusters told before it asked for any endpoints: these it needs whatever version it has. */
  clustersTold: (readonly string[])[] = [];

  readonly #deferred: DiscoveryRequest[] = [];
  #deferredBytes = 0;

  constructor(opening: StreamOpening, openedAt: number) {
    this.protocol = opening.protocol;
    this.typeUrl = opening.typeUrl;
    this.peer = opening.peer;
    this.sink = opening.sink;
    this.openedAt = openedAt;
  }

  /** Keeps a request until there is something to answer with. @throws {RequestRefused} beyond `maxBytes` */
  defer(request: DiscoveryRequest, bytes: number, maxBytes: number): void {
    this.#deferredBytes += bytes;
    if (this.#deferredBytes > maxBytes) {
      throw new RequestRefused('RESOURCE_EXHAUSTED', 'too many requests before the first configuration');
    }
    this.#deferred.push(request);
  }

  takeDeferred(): DiscoveryRequest[] {
    this.#deferredBytes = 0;
    return this.#deferred.splice(0);
  }

  get isAggregated(): boolean {
    return this.typeUrl === undefined;
  }

  /** Subscriptions in the order in which types are told. */
  inOrder(): Subscription[] {
    return ADDING_ORDER.flatMap((typeUrl) => this.subscriptions.get(typeUrl) ?? []);
  }

  /** The bytes in which its next request may name what it is subscribed to. */
  *knownNames(): Generator<Buffer> {
    for (const { group } of this.subscriptions.values()) yield* group.ownNames();
  }

  /** Whether clusters were told that the client has not acknowledged: it does so when they are warm. */
  isWarming(now: number, deadlineMs: number): boolean {
    const clusters = this.subscriptions.get(TYPE_URL.cds);
    if (!clusters || clusters.outstanding.length === 0) return false;
    return clusters.outstanding.some((o) => o.answer.brings && now - o.sentAt < deadlineMs);
  }
}
