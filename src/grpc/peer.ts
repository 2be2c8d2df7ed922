import type { ServerHttp2Session } from 'node:http2';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

/** Who is at the other end of a connection, as far as the connection itself tells. */
export interface Peer {
  /** `ADDRESS:PORT` */
  readonly address: string;
  /** Who it is by its certificate; undefined where no client certificate is asked for. */
  readonly identity: string | undefined;
}

/** Reads who a client is from the URIs in its certificate; `refused` says why they name nobody. */
export type Identify = (uris: readonly string[]) => { readonly id: string } | { readonly refused: string };

/** The certificate of a client, verified by the handshake. */
export interface PeerCertificate {
  readonly uris: readonly string[];
  /** Until when, ms since the epoch. */
  readonly validUntil: number;
  /** The chain that the client sent and what it was verified with, DER, its own certificate first. */
  readonly chain: readonly Buffer[];
}

/** The certificate of the client of a TLS connection. To be asked after the handshake. */
export function certificateOf(session: ServerHttp2Session): PeerCertificate {
  const socket = session.socket as TLSSocket;
  const certificate = socket.getPeerCertificate(true);
  return {
    uris: urisOf(certificate.subjectaltname ?? ''),
    validUntil: Date.parse(certificate.valid_to),
    chain: chainOf(certificate),
  };
}

/**
 * The URIs among Node's text of the names (`URI:spiffe://a/b, DNS:c`). Node writes a name with unusual characters as
 * a JSON string, so that none can pretend to be two; such a name is handed on as it is.
 */
function urisOf(names: string): readonly string[] {
  return (names.match(/[^,"]+(?:"(?:[^"\\]|\\.)*")?[^,"]*/g) ?? [])
    .map((name) => name.trim())
    .filter((name) => name.startsWith('URI:'))
    .map((name) => name.slice('URI:'.length));
}

/** The last certificate is its own issuer. */
function chainOf(certificate: DetailedPeerCertificate): readonly Buffer[] {
  const chain: Buffer[] = [];
  let at: DetailedPeerCertificate | undefined = certificate;
  while (at?.raw !== undefined && !chain.some((known) => known.equals(at?.raw ?? known))) {
    chain.push(at.raw);
    at = at.issuerCertificate;
  }
  return chain;
}
