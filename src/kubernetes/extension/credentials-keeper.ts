import type { ApiClient } from '../api-client.ts';
import { reasonOf } from '../api-error.ts';
import type { AuthoritySecret, KeyPair, SharedAuthority } from './authority-secret.ts';
import { publishBundle } from './ca-bundles.ts';
import { readFrontProxy } from './front-proxy.ts';
import type { ExtensionTls } from './server.ts';

/** Where the server's own certificate comes from. */
export type CertificateSource =
  | {
      readonly kind: 'own';
      readonly secret: AuthoritySecret;
      /** Of the webhook configurations. */
      readonly name: string;
      /** A certificate for this server. */
      readonly issue: (authority: KeyPair, nowMs: number, validForMs: number) => Promise<KeyPair>;
      readonly validForMs: number;
    }
  | {
      /** Somebody else issues it, renews it, and tells the API server whom to trust. */
      readonly kind: 'given';
      readonly read: () => Promise<KeyPair>;
    };

export interface KeeperOptions {
  readonly client: ApiClient;
  readonly source: CertificateSource;
  readonly everyMs: number;
  /** Called with the first credentials, and whenever they are others. */
  readonly onChange: (tls: ExtensionTls) => void;
  /** Undefined: all is well again. */
  readonly onTrouble: (message: string | undefined) => void;
  readonly now: () => number;
}

/** After a failure, until it is well again. */
const RETRY_MS = 2_000;
const RENEW_AT = 1 / 3;

/** Keeps the credentials of the extension server fresh: its certificate, and whom it believes to be the API server. */
export class CredentialsKeeper {
  readonly #options: KeeperOptions;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #told: string | undefined;
  #trouble: string | undefined;
  /** An authority that the API server has been told of for a turn at least. */
  #published: string | undefined;
  #issued: { readonly by: string; readonly pair: KeyPair; readonly until: number } | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
    void this.#turn();
  }

  close(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #turn(): Promise<void> {
    let failed: string | undefined;
    try {
      const pair = await this.#certificate(this.#options.now());
      const tls = { ...pair, frontProxy: await readFrontProxy(this.#options.client) };
      if (this.#stopped) return;
      const text = JSON.stringify(tls);
      if (text !== this.#told) {
        this.#told = text;
        this.#options.onChange(tls);
      }
    } catch (error) {
      failed = reasonOf(error);
    }
    if (this.#stopped) return;
    if (failed !== this.#trouble) {
      this.#trouble = failed;
      this.#options.onTrouble(failed);
    }
    const delayMs = failed === undefined ? this.#options.everyMs : Math.min(RETRY_MS, this.#options.everyMs);
    this.#timer = setTimeout(() => void this.#turn(), delayMs);
  }

  async #certificate(nowMs: number): Promise<KeyPair> {
    const { client, source } = this.#options;
    if (source.kind === 'given') return source.read();
    const authority = await source.secret.read(nowMs);
    // Who calls us must trust a new authority before it signs what we serve.
    await publishBundle(client, source.name, authority.bundle);
    return this.#issue(authority, source, nowMs);
  }

  async #issue(
    authority: SharedAuthority,
    source: CertificateSource & { readonly kind: 'own' },
    nowMs: number,
  ): Promise<KeyPair> {
    const known = this.#issued;
    const isCurrent = known?.by === authority.cert || this.#published !== authority.cert;
    this.#published = authority.cert;
    if (known !== undefined && isCurrent && nowMs < known.until) return known.pair;
    const pair = await source.issue(authority, nowMs, source.validForMs);
    this.#issued = { by: authority.cert, pair, until: nowMs + (1 - RENEW_AT) * source.validForMs };
    return pair;
  }
}
