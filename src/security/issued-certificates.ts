import { readFile } from 'node:fs/promises';
import { CertificateAuthority, type KeyPair } from './certificate-authority.ts';
import { certificatesIn, readCredentials } from './credential-files.ts';
import { type FollowedFiles, followFiles } from './follow-files.ts';
import type { MeshCertificate, MeshCertificates } from './mesh-certificates.ts';

export interface IssuingOptions {
  /** PEM files of the authority: its certificate first, further ones that are trusted behind it. */
  readonly cert: string;
  readonly key: string;
  readonly lifetimeMs: number;
  /** Between trusting a new authority and using it: every sidecar has to trust it before the first shows it. */
  readonly settleMs: number;
  readonly lookMs: number;
  readonly onProblem: (error: Error) => void;
  readonly onRenewed: (what: string) => void;
}

interface Follower {
  readonly identity: string;
  readonly told: (certificate: MeshCertificate) => void;
  issued: (KeyPair & { readonly notAfter: number }) | undefined;
  renewal: NodeJS.Timeout | undefined;
}

/** How much of its life a certificate is used before the next one is issued. */
const RENEW_AT = 0.5;
const RETRY_MS = 5_000;
/** Of a timer. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Certificates that an authority of our own issues, one for each identity, renewed in the middle of their life. A
 * replaced authority is first trusted beside the old one and used only then, so that no handshake fails between.
 */
export class IssuedCertificates implements MeshCertificates {
  readonly #options: IssuingOptions;
  readonly #followers = new Set<Follower>();
  #authority: CertificateAuthority;
  #authorities: string;
  #files: FollowedFiles | undefined;
  #handover: NodeJS.Timeout | undefined;

  private constructor(options: IssuingOptions, authority: CertificateAuthority) {
    this.#options = options;
    this.#authority = authority;
    this.#authorities = authority.cert;
  }

  /** @throws where the files are no authority */
  static async open(options: IssuingOptions): Promise<IssuedCertificates> {
    const first = await readAuthority(options);
    const issued = new IssuedCertificates(options, await CertificateAuthority.open(first));
    issued.#files = followFiles(first, {
      intervalMs: options.lookMs,
      read: () => readAuthority(options),
      isSame: (before, after) => before.cert === after.cert && before.key === after.key,
      apply: async (next) => issued.#replace(await CertificateAuthority.open(next)),
      onProblem: options.onProblem,
    });
    return issued;
  }

  follow(identity: string, told: (certificate: MeshCertificate) => void): () => void {
    const follower: Follower = { identity, told, issued: undefined, renewal: undefined };
    this.#followers.add(follower);
    void this.#renew(follower);
    return () => {
      clearTimeout(follower.renewal);
      this.#followers.delete(follower);
    };
  }

  async close(): Promise<void> {
    clearTimeout(this.#handover);
    for (const { renewal } of this.#followers) clearTimeout(renewal);
    this.#followers.clear();
    await this.#files?.close();
  }

  #replace(next: CertificateAuthority): void {
    this.#authorities = `${next.cert}${this.#authority.cert}`;
    for (const follower of this.#followers) this.#tell(follower);
    this.#options.onRenewed('the new authority of the mesh is trusted, and will be used soon');
    clearTimeout(this.#handover);
    this.#handover = setTimeout(() => {
      this.#authority = next;
      for (const follower of this.#followers) void this.#renew(follower);
      this.#options.onRenewed('the new authority of the mesh is used');
      this.#handover = setTimeout(
        () => this.#trustOnly(next),
        Math.min(LONGEST_MS, this.#options.lifetimeMs),
      );
    }, this.#options.settleMs);
  }

  /** Nothing that the old authority issued is valid any more. */
  #trustOnly(authority: CertificateAuthority): void {
    this.#authorities = authority.cert;
    for (const follower of this.#followers) this.#tell(follower);
    this.#options.onRenewed('the old authority of the mesh is no longer trusted');
  }

  async #renew(follower: Follower): Promise<void> {
    clearTimeout(follower.renewal);
    let againMs = RETRY_MS;
    try {
      const now = Date.now();
      const { lifetimeMs } = this.#options;
      const issued = await this.#authority.issue({ uris: [follower.identity], now, validForMs: lifetimeMs });
      follower.issued = issued;
      againMs = Math.max(1_000, (issued.notAfter - now) * RENEW_AT);
      if (this.#followers.has(follower)) this.#tell(follower);
    } catch (error) {
      this.#options.onProblem(error instanceof Error ? error : new Error(String(error)));
    }
    if (this.#followers.has(follower))
      follower.renewal = setTimeout(() => void this.#renew(follower), againMs);
  }

  #tell({ issued, told }: Follower): void {
    if (issued) told({ cert: issued.cert, key: issued.key, authorities: this.#authorities });
  }
}

async function readAuthority({ cert, key }: IssuingOptions): Promise<KeyPair> {
  await readCredentials({ cert, key });
  const text = await readFile(cert);
  certificatesIn(cert, text);
  return { cert: text.toString('latin1'), key: await readFile(key, 'latin1') };
}
