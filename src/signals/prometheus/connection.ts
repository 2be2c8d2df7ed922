import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { PrometheusError } from './prometheus-error.ts';

/** Who we are to the server. A file is read again for each request: tokens are rotated under us. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'bearer-file'; readonly file: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'basic-file'; readonly user: string; readonly passwordFile: string };

export interface TlsOptions {
  /** PEM file of the authorities to trust, instead of the system's. */
  readonly caFile?: string;
  /** Whom to take the server for, where it is dialled by another name. */
  readonly serverName?: string;
  /** Takes any certificate. */
  readonly insecure?: boolean;
}

export interface ConnectionOptions {
  readonly url: URL;
  readonly credentials: Credentials;
  readonly tls: TlsOptions;
  /** For the whole answer, from the first attempt to connect. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  /** Connections to the server at once; others wait for one. */
  readonly maxConnections: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly location: string | undefined;
  readonly body: string;
}

/** Kept-alive connections to one server, bounded in number, time and size. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #closed = new AbortController();
  #agent: HttpAgent | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /**
   * Posts or gets below the server's base path.
   * @throws {PrometheusError} unreachable, timeout, too-large, closed
   */
  async send(
    path: string,
    form: URLSearchParams,
    options: { readonly method: 'GET' | 'POST'; readonly signal?: AbortSignal | undefined },
  ): Promise<HttpAnswer> {
    const { url, timeoutMs } = this.#options;
    const target = new URL(url);
    target.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`;
    const text = form.toString();
    if (options.method === 'GET') target.search = text;
    const agent = await this.#openAgent();
    const authorization = await this.#authorization();
    const deadline = AbortSignal.timeout(timeoutMs);
    const givenUp = options.signal
      ? AbortSignal.any([this.#closed.signal, options.signal])
      : this.#closed.signal;
    const signal = AbortSignal.any([deadline, givenUp]);
    try {
      const response = await exchange(target, {
        agent,
        signal,
        method: options.method,
        headers: {
          accept: 'application/json',
          'user-agent': 'penstock',
          ...(authorization === undefined ? {} : { authorization }),
          ...(options.method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        },
        body: options.method === 'POST' ? text : '',
      });
      return await this.#read(response);
    } catch (error) {
      if (error instanceof PrometheusError) throw error;
      if (givenUp.aborted) throw new PrometheusError('closed', 'given up', { cause: error });
      if (deadline.aborted) {
        throw new PrometheusError('timeout', `no answer within ${timeoutMs / 1000} s`, { cause: error });
      }
      throw new PrometheusError('unreachable', explainFailure(error), { cause: error });
    }
  }

  close(): void {
    this.#closed.abort();
    this.#agent?.destroy();
  }

  async #openAgent(): Promise<HttpAgent> {
    if (this.#agent) return this.#agent;
    const { url, tls, maxConnections } = this.#options;
    const pool = { keepAlive: true, maxSockets: maxConnections, maxFreeSockets: maxConnections };
    if (url.protocol !== 'https:') {
      this.#agent = new HttpAgent(pool);
      return this.#agent;
    }
    const ca = tls.caFile === undefined ? undefined : await readSetting('CA file', tls.caFile);
    this.#agent ??= new HttpsAgent({
      ...pool,
      ...(ca === undefined ? {} : { ca }),
      ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
      rejectUnauthorized: tls.insecure !== true,
    });
    return this.#agent;
  }

  async #authorization(): Promise<string | undefined> {
    const { credentials } = this.#options;
    switch (credentials.kind) {
      case 'none':
        return undefined;
      case 'bearer':
        return `Bearer ${credentials.token}`;
      case 'bearer-file':
        return `Bearer ${(await readSetting('token file', credentials.file)).trim()}`;
      case 'basic':
        return basic(credentials.user, credentials.password);
      case 'basic-file':
        return basic(credentials.user, (await readSetting('password file', credentials.passwordFile)).trim());
    }
  }

  async #read(response: IncomingMessage): Promise<HttpAnswer> {
    const { maxResponseBytes } = this.#options;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxResponseBytes) {
        response.destroy();
        const limit = `${Math.round(maxResponseBytes / 1024 / 1024)} MiB`;
        throw new PrometheusError(
          'too-large',
          `the answer is larger than ${limit}; aggregate the query, or raise the bound`,
        );
      }
      chunks.push(chunk);
    }
    return {
      status: response.statusCode ?? 0,
      contentType: response.headers['content-type'] ?? '',
      location: response.headers.location,
      body: Buffer.concat(chunks).toString('utf8'),
    };
  }
}

interface Exchange {
  readonly agent: HttpAgent;
  readonly signal: AbortSignal;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function exchange(target: URL, { body, ...options }: Exchange): Promise<IncomingMessage> {
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(target, { ...options, headers: { ...options.headers } }, resolve);
    request.on('error', reject);
    request.end(body);
  });
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}

async function readSetting(what: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new PrometheusError('unreachable', `${what} ${file} cannot be read`, { cause: error });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused; is it running, and is the address right?',
  ENOTFOUND: 'the name is not known; is the address right?',
  EAI_AGAIN: 'the name cannot be resolved now',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no connection in time',
  EPROTO: 'no TLS is spoken there; http:// instead of https://?',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS is spoken there; http:// instead of https://?',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an unknown authority; give its CA file',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; give it as CA file',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of an unknown authority; give its CA file',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of an unknown authority; give its CA file',
  CERT_HAS_EXPIRED: 'its certificate has expired',
};

function explainFailure(error: unknown): string {
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  const code = typeof inner === 'object' && inner !== null && 'code' in inner ? String(inner.code) : '';
  return REASONS[code] ?? (inner instanceof Error ? inner.message : String(inner));
}
