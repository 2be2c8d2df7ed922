import type { Answer, Protocol } from '../core/delta/answer.ts';
import { Engine } from '../core/delta/engine.ts';
import type { NodeIdentity } from '../core/delta/facts.ts';
import { RequestRefused, type StreamState } from '../core/delta/stream.ts';
import type { Subscription } from '../core/delta/subscription.ts';
import type { TypeUrl } from '../core/delta/type-urls.ts';
import { MalformedMessage } from '../core/delta/wire.ts';
import { CallSink, type RawCall } from './call-sink.ts';
import { NodeRefused, type XdsListener, type XdsOptions } from './contract.ts';
import type { XdsMetrics } from './metrics.ts';
import { decodeNode } from './node.ts';
import type { XdsSettings } from './settings.ts';

interface OpenStream {
  readonly call: RawCall;
  readonly sink: CallSink;
  readonly state: StreamState;
}

/** Joins gRPC calls to the engine: requests in, answers out, and the events of both to whoever listens. */
export class DiscoveryStreams {
  readonly engine: Engine;
  readonly #now: () => number;
  readonly #listener: XdsListener;
  readonly #metrics: XdsMetrics | undefined;
  readonly #open = new Map<RawCall, OpenStream>();

  constructor(options: XdsOptions, settings: XdsSettings, now: () => number) {
    this.#now = now;
    this.#listener = options.listener ?? {};
    this.#metrics = options.metrics;
    this.engine = new Engine(settings, {
      decodeNode,
      viewOf: (node) => viewOf(options, node),
      identified: ({ node, peer }) => node && this.#listener.connected?.(node, peer),
      sent: ({ typeUrl }, answer: Answer) => this.#metrics?.pushed(typeUrl, answer.framed.length),
      acknowledged: (subscription, afterMs) => this.#acknowledged(subscription, afterMs),
      rejected: ({ stream, typeUrl }, rejection) => {
        this.#metrics?.rejected(typeUrl);
        this.#listener.rejected?.({ nodeId: stream.node?.id ?? '', typeUrl, rejection });
      },
    });
  }

  /** Serves one call until either side ends it. */
  serve(call: RawCall, protocol: Protocol, typeUrl: TypeUrl | undefined): void {
    const sink = new CallSink(call, () => this.engine.drained(state, this.#now()));
    const state = this.engine.open({ protocol, typeUrl, peer: call.getPeer(), sink }, this.#now());
    const open = { call, sink, state };
    this.#open.set(call, open);
    this.#metrics?.streamOpened(protocol);
    call.on('data', (bytes: Buffer) => this.#receive(open, bytes));
    call.on('cancelled', () => this.#closed(open, 'client'));
    call.on('error', () => this.#closed(open, 'client'));
    call.on('end', () => {
      this.#closed(open, 'client');
      sink.finish();
    });
  }

  /** Acts on deadlines. */
  tick(): void {
    this.engine.tick(this.#now());
    for (const open of this.#open.values()) {
      if (!this.engine.streams.has(open.state)) this.#closed(open, 'stalled');
    }
  }

  /** Ends every stream; clients connect again, elsewhere or later. */
  endAll(): void {
    for (const open of [...this.#open.values()]) {
      open.sink.end({ code: 'UNAVAILABLE', message: 'the server is shutting down; connect again' });
      this.#closed(open, 'shutdown');
    }
  }

  #receive(open: OpenStream, bytes: Buffer): void {
    if (!this.#open.has(open.call)) return;
    try {
      this.engine.receive(open.state, bytes, this.#now());
    } catch (error) {
      const end =
        error instanceof RequestRefused
          ? error.end
          : ({
              code: 'INVALID_ARGUMENT',
              message: `malformed request: ${(error as Error).message}`,
            } as const);
      if (!(error instanceof RequestRefused || error instanceof MalformedMessage)) throw error;
      this.#listener.refused?.({ peer: open.state.peer, reason: end.message });
      this.#closed(open, 'refused');
      open.sink.end(end);
    }
  }

  #closed(open: OpenStream, reason: 'client' | 'refused' | 'stalled' | 'shutdown'): void {
    if (!this.#open.delete(open.call)) return;
    const { state } = open;
    this.engine.close(state, this.#now());
    this.#metrics?.streamClosed(state.protocol, reason);
    if (state.node) this.#listener.disconnected?.(state.node, state.peer);
  }

  #acknowledged({ stream, typeUrl, acknowledgedSequence }: Subscription, afterMs: number): void {
    this.#metrics?.acknowledged(typeUrl, afterMs);
    const nodeId = stream.node?.id ?? '';
    this.#listener.acknowledged?.({ nodeId, typeUrl, sequence: acknowledgedSequence, afterMs });
  }
}

function viewOf({ nodes }: XdsOptions, node: NodeIdentity): string {
  try {
    return nodes.viewOf(node);
  } catch (error) {
    if (error instanceof NodeRefused) throw new RequestRefused('FAILED_PRECONDITION', error.message);
    throw error;
  }
}
