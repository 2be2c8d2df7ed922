import type { NodeIdentity } from '../../core/delta/facts.ts';
import type { Peer } from '../../grpc/peer.ts';
import type { XdsListener } from '../contract.ts';
import type { XdsMetrics } from '../metrics.ts';
import { tellHappened } from './happenings.ts';
import type { Happened } from './messages.ts';

type Protocol = Parameters<XdsMetrics['streamOpened']>[0];

/** What a worker has open, kept so that it is closed in the books when the worker is gone without a word. */
export class OpenStreams {
  readonly #byProtocol = new Map<Protocol, number>();
  /** Streams of a node from an address; by both, since a node may have several. */
  readonly #connected = new Map<
    string,
    { readonly node: NodeIdentity; readonly peer: Peer; streams: number }
  >();

  /** Tells what happened, and keeps what is open after it. */
  take(happened: Happened, listener: XdsListener, metrics: XdsMetrics | undefined): void {
    for (const call of happened.metrics) {
      if (call[0] === 'streamOpened') this.#count(call[1], 1);
      if (call[0] === 'streamClosed') this.#count(call[1], -1);
    }
    for (const call of happened.listener) {
      if (call[0] === 'connected') this.#join(call[1], call[2], 1);
      if (call[0] === 'disconnected') this.#join(call[1], call[2], -1);
    }
    tellHappened(happened, listener, metrics);
  }

  /** The worker is gone: tells the end of all that it had. @returns how many streams these were */
  closeAll(listener: XdsListener, metrics: XdsMetrics | undefined): number {
    let streams = 0;
    for (const [protocol, count] of this.#byProtocol) {
      for (let i = 0; i < count; i++) metrics?.streamClosed(protocol, 'workerLost');
      streams += count;
    }
    for (const { node, peer, streams: count } of this.#connected.values()) {
      for (let i = 0; i < count; i++) listener.disconnected?.(node, peer);
    }
    this.#byProtocol.clear();
    this.#connected.clear();
    return streams;
  }

  #count(protocol: Protocol, change: number): void {
    this.#byProtocol.set(protocol, (this.#byProtocol.get(protocol) ?? 0) + change);
  }

  #join(node: NodeIdentity, peer: Peer, change: number): void {
    const key = `${peer.address} ${node.id}`;
    const known = this.#connected.get(key) ?? { node, peer, streams: 0 };
    known.streams += change;
    if (known.streams > 0) this.#connected.set(key, known);
    else this.#connected.delete(key);
  }
}
