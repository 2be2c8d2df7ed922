import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { certificateOf, type Identify, type Peer, type PeerCertificate } from './peer.ts';
import { isTrusted } from './tls.ts';

export interface CallerLimits {
  /** Connections that one identity may have at once. */
  readonly connectionsPerIdentity: number;
  /** Calls that one identity may have at once, on all of its connections. */
  readonly streamsPerIdentity: number;
}

interface Held {
  connections: number;
  streams: number;
}

interface Known extends PeerCertificate {
  readonly id: string | undefined;
  readonly refused: string;
}

/** Who calls, by the certificates of the connections, and how much each identity has. */
export class Callers {
  readonly #limits: CallerLimits;
  readonly #identify: Identify | undefined;
  readonly #known = new Map<ServerHttp2Session, Known>();
  readonly #held = new Map<string, Held>();

  /** @param identify undefined where nobody is asked who they are */
  constructor(limits: CallerLimits, identify: Identify | undefined) {
    this.#limits = limits;
    this.#identify = identify;
  }

  /** A connection has begun, and is ended at once where its identity has enough of them. */
  add(session: ServerHttp2Session): void {
    if (!this.#identify) return;
    const certificate = certificateOf(session);
    const identity = this.#identify(certificate.uris);
    const id = 'id' in identity ? identity.id : undefined;
    this.#known.set(session, { ...certificate, id, refused: 'refused' in identity ? identity.refused : '' });
    const held = id === undefined ? undefined : this.#heldBy(id);
    if (held) held.connections += 1;
    session.on('close', () => {
      this.#known.delete(session);
      if (!held || id === undefined) return;
      held.connections -= 1;
      if (held.connections === 0) this.#held.delete(id);
    });
    if (held && held.connections > this.#limits.connectionsPerIdentity)
      session.destroy(new Error('too many connections'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  /**
   * Who a call comes from, counted until it ends.
   * @returns the peer, or one line that says why its call is not served
   */
  admit(stream: ServerHttp2Stream): Peer | { readonly refused: string; readonly isTooMany: boolean } {
    const { session } = stream;
    const address = `${session?.socket?.remoteAddress ?? '?'}:${session?.socket?.remotePort ?? '?'}`;
    if (!this.#identify) return { address, identity: undefined };
    const known = session && this.#known.get(session as ServerHttp2Session);
    const { id, refused = 'the connection is closing' } = known ?? {};
    if (id === undefined) return { refused, isTooMany: false };
    const held = this.#heldBy(id);
    if (held.streams >= this.#limits.streamsPerIdentity) {
      const { streamsPerIdentity: most } = this.#limits;
      return { refused: `${id} has ${most} calls under way, as many as one identity may`, isTooMany: true };
    }
    held.streams += 1;
    stream.on('close', () => {
      held.streams -= 1;
    });
    return { address, identity: id };
  }

  /** Ends the connections whose certificate is over, or that no authority in force vouches for. */
  endUnproven(now: number, authorities: Buffer | undefined): void {
    for (const [session, known] of this.#known) {
      const isOver = known.validUntil <= now;
      const isOrphan = authorities !== undefined && !isTrusted(known, authorities);
      if (isOver || isOrphan)
        session.destroy(new Error('no longer trusted'), constants.NGHTTP2_INADEQUATE_SECURITY);
    }
  }

  #heldBy(id: string): Held {
    const held = this.#held.get(id) ?? { connections: 0, streams: 0 };
    this.#held.set(id, held);
    return held;
  }
}
