import { constants, X509Certificate } from 'node:crypto';
import { createSecureServer, type Http2SecureServer, type SecureServerOptions } from 'node:http2';
import type { PeerCertificate } from './peer.ts';

/** Certificates in PEM: the server's chain and key, and the authorities that clients' certificates come from. */
export interface TlsCredentials {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Without it no client certificate is asked for, and nobody has an identity. */
  readonly clientCa?: Buffer;
}

/** Who has not finished the handshake by then only holds a socket. */
const HANDSHAKE_MS = 10_000;

/** A server that speaks TLS 1.3 and 1.2, and asks for client certificates where authorities are given. */
export function makeSecureServer(
  common: SecureServerOptions,
  credentials: TlsCredentials,
): Http2SecureServer {
  const { clientCa } = credentials;
  return createSecureServer({
    ...common,
    ...contextOf(credentials),
    handshakeTimeout: HANDSHAKE_MS,
    ...(clientCa ? { requestCert: true, rejectUnauthorized: true } : {}),
  });
}

/** New connections use these from here on; those that exist go on. */
export function rotate(server: Http2SecureServer, credentials: TlsCredentials): void {
  server.setSecureContext(contextOf(credentials));
}

function contextOf({ cert, key, clientCa }: TlsCredentials) {
  return {
    cert,
    key,
    ...(clientCa ? { ca: clientCa } : {}),
    minVersion: 'TLSv1.2',
    // A resumed session would go on with a certificate that was verified by authorities of the past.
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const;
}

/** Whether one of these authorities (PEM) issued a certificate of the chain, or is one. */
export function isTrusted({ chain }: Pick<PeerCertificate, 'chain'>, authorities: Buffer): boolean {
  const trusted = certificatesIn(authorities);
  return chain
    .map((raw) => new X509Certificate(raw))
    .some((each) =>
      trusted.some(
        (authority) =>
          each.raw.equals(authority.raw) || (each.checkIssued(authority) && each.verify(authority.publicKey)),
      ),
    );
}

function certificatesIn(pem: Buffer): readonly X509Certificate[] {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  return (blocks ?? []).map((block) => new X509Certificate(block));
}
