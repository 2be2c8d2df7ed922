import type { NodeIdentity } from '../core/delta/facts.ts';
import { parseNodeMetadata } from '../core/translate/node-metadata.ts';

interface Connected {
  readonly service: string;
  readonly address: string;
  streams: number;
}

/** Addresses that a listener takes for "all of this machine's". */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** The connected sidecars in front of model servers. */
export class InboundSidecars {
  readonly #connected = new Map<string, Connected>();

  /**
   * A stream of a node has begun.
   * @returns whether it is the first one of an inbound sidecar
   */
  connected(node: NodeIdentity, peer: string): boolean {
    const known = this.#connected.get(node.id);
    if (known !== undefined) {
      known.streams += 1;
      return false;
    }
    const descriptor = parseNodeMetadata(node.metadata);
    if (typeof descriptor === 'string' || descriptor.kind !== 'inbound') return false;
    const { service, address, port } = descriptor;
    const host = WILDCARDS.has(address) ? peer.replace(/:\d+$/, '').replace(/^\[|\]$/g, '') : address;
    this.#connected.set(node.id, { service, address: `${host}:${port}`, streams: 1 });
    return true;
  }

  /**
   * A stream of a node has ended.
   * @returns whether it was the last one of an inbound sidecar
   */
  disconnected(node: NodeIdentity): boolean {
    const known = this.#connected.get(node.id);
    if (known === undefined) return false;
    known.streams -= 1;
    return known.streams === 0 && this.#connected.delete(node.id);
  }

  /** Those of one service (`NAMESPACE/NAME`), by node id. */
  of(service: string): readonly { readonly id: string; readonly address: string }[] {
    return [...this.#connected].flatMap(([id, each]) =>
      each.service === service ? [{ id, address: each.address }] : [],
    );
  }
}
