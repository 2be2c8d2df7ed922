import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CertificateAuthority,
  createAuthority,
  type KeyPair,
} from '../../src/security/certificate-authority.ts';

const HOUR_MS = 3_600_000;

/** Where a certificate and its key are. */
export interface PairFiles {
  readonly cert: string;
  readonly key: string;
}

/** An authority of a test, and the files of what it issued. */
export class Certificates {
  readonly #authority: CertificateAuthority;
  readonly #folder: string;
  /** PEM file of the authority itself. */
  readonly ca: string;
  /** PEM file of its key. */
  readonly caKey: string;

  private constructor(authority: CertificateAuthority, folder: string, root: KeyPair) {
    this.#authority = authority;
    this.#folder = folder;
    this.ca = join(folder, 'ca.pem');
    this.caKey = join(folder, 'ca.key');
    replace(this.ca, root.cert);
    replace(this.caKey, root.key);
  }

  static async create(folder: string, name: string): Promise<Certificates> {
    const own = join(folder, name);
    mkdirSync(own);
    const root = await createAuthority(name, Date.now(), 24 * HOUR_MS);
    return new Certificates(await CertificateAuthority.open(root), own, root);
  }

  get rootCert(): string {
    return this.#authority.cert;
  }

  /** Issues to these files; issued again to the same name they are replaced, the key first. */
  async issue(name: string, identity: string, validForMs = HOUR_MS, now = Date.now()): Promise<PairFiles> {
    const issued = await this.#authority.issue({
      uris: [identity],
      addresses: ['127.0.0.1'],
      now,
      validForMs,
    });
    const files = { cert: join(this.#folder, `${name}.pem`), key: join(this.#folder, `${name}.key`) };
    replace(files.key, issued.key);
    replace(files.cert, issued.cert);
    return files;
  }
}

/** A new file takes the place of the old one. */
export function replace(file: string, text: string): void {
  writeFileSync(`${file}.next`, text, { mode: 0o600 });
  renameSync(`${file}.next`, file);
}
