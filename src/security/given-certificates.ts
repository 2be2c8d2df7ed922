import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CredentialsRefused, certificatesIn, readCredentials } from './credential-files.ts';
import { type FollowedFiles, followFiles } from './follow-files.ts';
import type { MeshCertificate, MeshCertificates } from './mesh-certificates.ts';

export interface GivenOptions {
  /** Folder with `ca.pem` and, for each identity, NAME.pem (a certificate with one URI) and NAME.key. */
  readonly folder: string;
  readonly lookMs: number;
  readonly onProblem: (error: Error) => void;
  readonly onRenewed: (what: string) => void;
}

type ByIdentity = ReadonlyMap<string, MeshCertificate>;

const AUTHORITIES = 'ca.pem';

/** Certificates that something else issued, from a folder that is followed: replaced files are told at once. */
export class GivenCertificates implements MeshCertificates {
  #certificates: ByIdentity;
  readonly #followers = new Map<symbol, { identity: string; told: (certificate: MeshCertificate) => void }>();
  #files: FollowedFiles | undefined;

  private constructor(certificates: ByIdentity) {
    this.#certificates = certificates;
  }

  /** @throws {CredentialsRefused} */
  static async open(options: GivenOptions): Promise<GivenCertificates> {
    const first = await readFolder(options.folder);
    const given = new GivenCertificates(first);
    given.#files = followFiles(first, {
      intervalMs: options.lookMs,
      read: () => readFolder(options.folder),
      isSame: (before, after) => JSON.stringify([...before]) === JSON.stringify([...after]),
      apply: (next) => {
        given.#replace(next);
        options.onRenewed('the certificates of the mesh were replaced');
      },
      onProblem: options.onProblem,
    });
    return given;
  }

  follow(identity: string, told: (certificate: MeshCertificate) => void): () => void {
    const key = Symbol(identity);
    this.#followers.set(key, { identity, told });
    const certificate = this.#certificates.get(identity);
    if (certificate) told(certificate);
    return () => void this.#followers.delete(key);
  }

  async close(): Promise<void> {
    this.#followers.clear();
    await this.#files?.close();
  }

  #replace(next: ByIdentity): void {
    const before = this.#certificates;
    this.#certificates = next;
    for (const { identity, told } of this.#followers.values()) {
      const certificate = next.get(identity);
      if (certificate && JSON.stringify(certificate) !== JSON.stringify(before.get(identity)))
        told(certificate);
    }
  }
}

async function readFolder(folder: string): Promise<ByIdentity> {
  const names = await readdir(folder).catch(() => {
    throw new CredentialsRefused(`${folder}: cannot be read; a folder with ca.pem, NAME.pem and NAME.key`);
  });
  const ca = join(folder, AUTHORITIES);
  const authorities = await readFile(ca).catch(() => {
    throw new CredentialsRefused(`${ca}: cannot be read; the authorities of the mesh, PEM`);
  });
  certificatesIn(ca, authorities);
  const byIdentity = new Map<string, MeshCertificate>();
  for (const name of names.sort()) {
    if (!name.endsWith('.pem') || name === AUTHORITIES) continue;
    const paths = { cert: join(folder, name), key: join(folder, name.replace(/\.pem$/, '.key')) };
    const { cert, key } = await readCredentials(paths);
    const identity = identityIn(paths.cert, cert);
    byIdentity.set(identity, {
      cert: cert.toString('latin1'),
      key: key.toString('latin1'),
      authorities: authorities.toString('latin1'),
    });
  }
  return byIdentity;
}

function identityIn(path: string, cert: Buffer): string {
  const [own] = certificatesIn(path, cert);
  const uris = [...(own?.subjectAltName ?? '').matchAll(/(?:^|, )URI:(spiffe:\/\/[^,"]+)/g)];
  if (uris.length === 1 && uris[0]?.[1] !== undefined) return uris[0][1];
  throw new CredentialsRefused(`${path}: names ${uris.length} SPIFFE IDs; exactly one is needed`);
}
