// The X.509 library's own container of classes needs it, before anything else.
import 'reflect-metadata';

import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate with its private key, both PEM; the certificate may be followed by those between it and the root. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate is to say. */
export interface CertificateRequest {
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  /** From when and for how long, ms. */
  readonly now: number;
  readonly validForMs: number;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Clocks differ: a certificate is valid from a little before it was made. */
const BACKDATE_MS = 60_000;
const SERIAL_BYTES = 16;

x509.cryptoProvider.set(webcrypto);

/** A new root, which signs certificates and nothing else. */
export async function createAuthority(name: string, now: number, validForMs: number): Promise<KeyPair> {
  const keys = await newKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [name] }],
    ...validity(now, validForMs),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: pem(cert.toString('pem')), key: await privateKeyPem(keys.privateKey) };
}

/** Issues certificates for servers and clients, ECDSA P-256, each with a key of its own. */
export class CertificateAuthority {
  /** The authority's own certificate, PEM. */
  readonly cert: string;
  readonly #certificate: x509.X509Certificate;
  readonly #key: webcrypto.CryptoKey;

  private constructor(cert: string, certificate: x509.X509Certificate, key: webcrypto.CryptoKey) {
    this.cert = cert;
    this.#certificate = certificate;
    this.#key = key;
  }

  /** @throws {Error} where they are no certificate of an authority and its private key (ECDSA P-256, PKCS #8) */
  static async open({ cert, key }: KeyPair): Promise<CertificateAuthority> {
    const certificate = new x509.X509Certificate(cert);
    if (!certificate.getExtension(x509.BasicConstraintsExtension)?.ca)
      throw new Error('the certificate is not one of an authority (basicConstraints: CA)');
    const der = x509.PemConverter.decodeFirst(key);
    const signing = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
    return new CertificateAuthority(cert, certificate, signing);
  }

  /** A new key and a certificate for it, never valid for longer than the authority itself. */
  async issue(request: CertificateRequest): Promise<KeyPair & { readonly notAfter: number }> {
    const keys = await newKeys();
    const { notBefore, notAfter } = validity(request.now, request.validForMs);
    const end = new Date(Math.min(notAfter.getTime(), this.#certificate.notAfter.getTime()));
    const cert = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: '',
      issuer: this.#certificate.subject,
      notBefore,
      notAfter: end,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          x509.ExtendedKeyUsage.serverAuth,
          x509.ExtendedKeyUsage.clientAuth,
        ]),
        // Without a subject the names must be critical (RFC 5280, 4.2.1.6).
        new x509.SubjectAlternativeNameExtension(namesOf(request), true),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
      ],
    });
    return {
      cert: pem(cert.toString('pem')),
      key: await privateKeyPem(keys.privateKey),
      notAfter: end.getTime(),
    };
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function namesOf({ uris = [], dnsNames = [], addresses = [] }: CertificateRequest): x509.JsonGeneralNames {
  return [
    ...uris.map((value) => ({ type: 'url', value }) as const),
    ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
    ...addresses.map((value) => ({ type: 'ip', value }) as const),
  ];
}

/** Random and positive (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(SERIAL_BYTES)));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function validity(now: number, validForMs: number) {
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + validForMs) };
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return pem(x509.PemConverter.encode(der, 'PRIVATE KEY'));
}

function pem(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
