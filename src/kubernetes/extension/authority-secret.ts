import { X509Certificate } from 'node:crypto';
import type { ApiClient } from '../api-client.ts';
import { isStatus } from '../api-error.ts';

/** A certificate and its private key, PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** The authority that all replicas share. */
export interface SharedAuthority extends KeyPair {
  /** PEM of all authorities that may have signed what is served now, the newest first. */
  readonly bundle: string;
}

interface Secret {
  readonly metadata: { readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

export interface AuthoritySecretOptions {
  readonly namespace: string;
  readonly name: string;
  /** A new authority. */
  readonly create: (nowMs: number, validForMs: number) => Promise<KeyPair>;
  readonly validForMs: number;
}

/** A new authority is made when this part of the validity is left: weeks in which everybody learns of it. */
const ROTATE_AT = 1 / 3;

/**
 * The authority in a Secret. Whoever needs it first makes it, and whoever finds it old adds a new one; of two at once
 * the API server takes one, and the other reads what it took.
 */
export class AuthoritySecret {
  readonly #client: ApiClient;
  readonly #options: AuthoritySecretOptions;

  constructor(client: ApiClient, options: AuthoritySecretOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** @throws when the API server cannot be asked, or the Secret holds something else */
  async read(nowMs: number): Promise<SharedAuthority> {
    const found = await this.#find();
    if (found === undefined) return this.#write(undefined, '', nowMs);
    const authority = authorityIn(found, this.#options);
    const left = new X509Certificate(authority.cert).validToDate.getTime() - nowMs;
    if (left > ROTATE_AT * this.#options.validForMs) return authority;
    return this.#write(found.metadata.resourceVersion, validOnes(authority.bundle, nowMs), nowMs);
  }

  /** @param before PEM of the authorities that stay trusted */
  async #write(resourceVersion: string | undefined, before: string, nowMs: number): Promise<SharedAuthority> {
    const { create, name, namespace, validForMs } = this.#options;
    const made = await create(nowMs, validForMs);
    const authority = { ...made, bundle: made.cert + before };
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { name, namespace, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
      data: { 'tls.crt': base64(made.cert), 'tls.key': base64(made.key), 'ca.crt': base64(authority.bundle) },
    };
    try {
      if (resourceVersion === undefined)
        await this.#client.ask({ method: 'POST', path: this.#folder, body: secret });
      else await this.#client.ask({ method: 'PUT', path: `${this.#folder}/${name}`, body: secret });
      return authority;
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
      const found = await this.#find();
      if (found === undefined) throw error;
      return authorityIn(found, this.#options);
    }
  }

  async #find(): Promise<Secret | undefined> {
    try {
      return await this.#client.ask<Secret>({
        method: 'GET',
        path: `${this.#folder}/${this.#options.name}`,
      });
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  get #folder(): string {
    return `/api/v1/namespaces/${this.#options.namespace}/secrets`;
  }
}

function authorityIn({ data }: Secret, { namespace, name }: AuthoritySecretOptions): SharedAuthority {
  const read = (key: string): string => {
    const value = data?.[key];
    if (value === undefined)
      throw new Error(`the Secret ${namespace}/${name} has no ${key}; delete it, and it is made anew`);
    return Buffer.from(value, 'base64').toString('utf8');
  };
  return { cert: read('tls.crt'), key: read('tls.key'), bundle: read('ca.crt') };
}

/** The certificates of a bundle that are not over. */
function validOnes(bundle: string, nowMs: number): string {
  const certificates = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
  return certificates
    .filter((each) => new X509Certificate(each).validToDate.getTime() > nowMs)
    .map((each) => (each.endsWith('\n') ? each : `${each}\n`))
    .join('');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
