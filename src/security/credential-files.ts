import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Where certificates are kept, PEM. */
export interface CredentialPaths {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

/** What the files hold, checked. */
export interface Credentials {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa?: Buffer;
}

/** The files cannot be used; the message names the file and what would be right. */
export class CredentialsRefused extends Error {
  override readonly name = 'CredentialsRefused';
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Reads and checks certificates.
 * @throws {CredentialsRefused}
 */
export async function readCredentials(paths: CredentialPaths): Promise<Credentials> {
  const [cert, key, clientCa] = await Promise.all([
    read(paths.cert),
    read(paths.key),
    paths.clientCa === undefined ? undefined : read(paths.clientCa),
  ]);
  const [own] = certificatesIn(paths.cert, cert);
  if (!own?.checkPrivateKey(privateKeyIn(paths.key, key)))
    throw new CredentialsRefused(`${paths.key}: is not the key of the certificate in ${paths.cert}`);
  if (clientCa !== undefined && paths.clientCa !== undefined) certificatesIn(paths.clientCa, clientCa);
  return { cert, key, ...(clientCa ? { clientCa } : {}) };
}

/** The certificates of a PEM file, at least one. @throws {CredentialsRefused} */
export function certificatesIn(path: string, text: Buffer): readonly X509Certificate[] {
  const blocks = text.toString('latin1').match(CERTIFICATE) ?? [];
  if (blocks.length === 0)
    throw new CredentialsRefused(`${path}: holds no certificate; PEM is needed, BEGIN CERTIFICATE`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new CredentialsRefused(`${path}: a certificate in it cannot be read`, { cause: error });
  }
}

/** What is wrong with the key is never told: the library's message may quote it. */
function privateKeyIn(path: string, text: Buffer) {
  try {
    return createPrivateKey(text);
  } catch {
    throw new CredentialsRefused(
      `${path}: holds no private key that can be read; PEM without a passphrase is needed`,
    );
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why = code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`;
    throw new CredentialsRefused(`${path}: ${why}`, { cause: error });
  }
}

/** Whether two readings hold the same. */
export function isSameCredentials(before: Credentials, after: Credentials): boolean {
  const sameCa =
    before.clientCa === undefined || after.clientCa === undefined
      ? before.clientCa === after.clientCa
      : before.clientCa.equals(after.clientCa);
  return sameCa && before.cert.equals(after.cert) && before.key.equals(after.key);
}
