import type { Answer, Protocol } from '../core/delta/answer.ts';
import { Engine } from '../core/delta/engine.ts';
import type { NodeIdentity } from '../core/delta/facts.ts';
import { type DiscoveryRequest, namesIn, SUBSCRIBE } from '../core/delta/request.ts';
import { RequestRefused, type StreamEnd } from '../core/delta/sink.ts';
import type { StreamState, Subscription } from '../core/delta/stream.ts';
import type { TypeUrl } from '../core/delta/type-urls.ts';
import { MalformedMessage } from '../core/delta/wire.ts';
import type { StreamingCall } from '../grpc/streaming-call.ts';
import { type NodeDirectory, NodeRefused, type XdsListener, type XdsOptions } from './contract.ts';
import type { XdsMetrics } from './metrics.ts';
import { decodeNode } from './node.ts';
import type { XdsSettings } from './settings.ts';

/** Joins gRPC calls to the engine: requests in, answers out, and the events of both to whoever listens. */
export class DiscoveryStreams {
  readonly engine: Engine;
  readonly #now: () => number;
  readonly #listener: XdsListener;
  readonly #metrics: XdsMetrics | undefined;
  readonly #nodes: NodeDirectory;
  readonly #open = new Map<StreamState, StreamingCall>();
  /** The names that a stream was last allowed, by type: an acknowledgement repeats them all. */
  readonly #allowed = new WeakMap<StreamState, Map<TypeUrl, Buffer>>();

  constructor(options: XdsOptions, settings: XdsSettings, now: () => number) {
    this.#now = now;
    this.#listener = options.listener ?? {};
    this.#metrics = options.metrics;
    this.#nodes = options.nodes;
    this.engine = new Engine(settings, {
      decodeNode,
      viewOf: (node, stream) => this.#viewOf(node, stream),
      ...(options.nodes.whyNotRead && {
        authorise: (stream, typeUrl, request) => this.#authorise(stream, typeUrl, request),
      }),
      identified: (stream) => {
        const call = this.#open.get(stream);
        if (call && stream.node) this.#listener.connected?.(stream.node, call.peer);
      },
      sent: ({ typeUrl }, answer: Answer) => this.#metrics?.pushed(typeUrl, answer.framed.length),
      acknowledged: (subscription, afterMs) => this.#acknowledged(subscription, afterMs),
      rejected: ({ stream, typeUrl }, rejection) => {
        this.#metrics?.rejected(typeUrl);
        this.#listener.rejected?.({ nodeId: stream.node?.id ?? '', typeUrl, rejection });
      },
    });
  }

  /** Serves one call until either side ends it. */
  serve(call: StreamingCall, protocol: Protocol, typeUrl: TypeUrl | undefined): void {
    const state = this.engine.open({ protocol, typeUrl, peer: call.peer.address, sink: call }, this.#now());
    this.#open.set(state, call);
    this.#metrics?.streamOpened(protocol);
    call.start({
      message: (bytes) => this.#receive(state, bytes),
      drained: () => this.engine.drained(state, this.#now()),
      closed: () => this.#closed(state, this.engine.streams.has(state) ? 'client' : 'stalled'),
    });
  }

  /** Acts on deadlines. */
  tick(): void {
    this.engine.tick(this.#now());
  }

  /** Ends every stream; clients connect again, elsewhere or later. */
  endAll(): void {
    for (const [state, call] of [...this.#open]) {
      this.#closed(state, 'shutdown');
      call.end({ code: 'UNAVAILABLE', message: 'the server is shutting down; connect again' });
    }
  }

  /** Asks again who is shown what; a stream of which the answer is another one has to be opened anew. */
  admitAgain(): void {
    for (const [state, { peer }] of [...this.#open]) {
      if (!state.view || !state.node) continue;
      try {
        this.#nodes.admit?.(state.node, peer);
        const view = this.#nodes.viewOf(state.node, peer);
        if (typeof view === 'string' && view !== state.view.key)
          this.#refuse(state, {
            code: 'UNAVAILABLE',
            message: 'what you may read has changed; connect again',
          });
      } catch (error) {
        this.#fail(state, refusal(error));
      }
    }
  }

  #authorise(stream: StreamState, typeUrl: TypeUrl, { rawNames }: DiscoveryRequest): void {
    const call = this.#open.get(stream);
    const { node } = stream;
    if (!call || !node || !rawNames) return;
    const allowed = this.#allowed.get(stream) ?? new Map<TypeUrl, Buffer>();
    if (allowed.get(typeUrl)?.equals(rawNames)) return;
    const why = this.#nodes.whyNotRead?.(node, call.peer, typeUrl, namesIn(rawNames, SUBSCRIBE));
    if (why !== undefined) throw new RequestRefused('PERMISSION_DENIED', why);
    this.#allowed.set(stream, allowed.set(typeUrl, Buffer.from(rawNames)));
  }

  /** Undefined where the view is told later; the stream's requests wait for it. */
  #viewOf(node: NodeIdentity, state: StreamState): string | undefined {
    const call = this.#open.get(state);
    if (!call) return undefined;
    try {
      this.#nodes.admit?.(node, call.peer);
      const view = this.#nodes.viewOf(node, call.peer);
      if (typeof view === 'string') return view;
      view.then(
        (key) => this.engine.place(state, key, this.#now()),
        (error) => this.#fail(state, refusal(error)),
      );
      return undefined;
    } catch (error) {
      throw refusal(error);
    }
  }

  #receive(state: StreamState, bytes: Buffer): void {
    try {
      this.engine.receive(state, bytes, this.#now());
    } catch (error) {
      this.#fail(state, error);
    }
  }

  #fail(state: StreamState, error: unknown): void {
    if (error instanceof RequestRefused) this.#refuse(state, error.end);
    else if (error instanceof MalformedMessage) {
      this.#refuse(state, { code: 'INVALID_ARGUMENT', message: `malformed request: ${error.message}` });
    } else {
      // A defect of ours costs the stream that met it, and nobody else.
      const reason = error instanceof Error ? (error.stack ?? error.message) : `${error}`;
      this.#refuse(state, { code: 'INTERNAL', message: 'internal error; connect again' }, reason);
    }
  }

  #refuse(state: StreamState, end: StreamEnd, reason = end.message): void {
    this.#listener.refused?.({ peer: state.peer, reason });
    const call = this.#open.get(state);
    this.#closed(state, 'refused');
    call?.end(end);
  }

  #closed(state: StreamState, reason: 'client' | 'refused' | 'stalled' | 'shutdown'): void {
    const call = this.#open.get(state);
    if (!call) return;
    this.#open.delete(state);
    this.engine.close(state, this.#now());
    this.#metrics?.streamClosed(state.protocol, reason);
    if (state.node && state.view) this.#listener.disconnected?.(state.node, call.peer);
  }

  #acknowledged({ stream, typeUrl, acknowledgedSequence }: Subscription, afterMs: number): void {
    this.#metrics?.acknowledged(typeUrl, afterMs);
    const nodeId = stream.node?.id ?? '';
    this.#listener.acknowledged?.({ nodeId, typeUrl, sequence: acknowledgedSequence, afterMs });
  }
}

function refusal(error: unknown): unknown {
  return error instanceof NodeRefused ? new RequestRefused(error.code, error.message) : error;
}
