import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from '../../core/signals/answer.ts';
import type { Series } from '../../core/signals/samples.ts';
import { parseEnvelope } from './answer-format.ts';
import { Connection, type Credentials, type HttpAnswer, type TlsOptions } from './connection.ts';
import { PrometheusError } from './prometheus-error.ts';

export interface PrometheusOptions {
  /** `http(s)://HOST:PORT/PREFIX`; user and password in it are sent as basic auth. */
  readonly url: string;
  readonly credentials?: Credentials;
  readonly tls?: TlsOptions;
  /** For one attempt, whole answer. */
  readonly timeoutMs?: number;
  readonly maxResponseBytes?: number;
  readonly maxConnections?: number;
  /** Further attempts after a passing failure. */
  readonly retries?: number;
}

export interface QueryOptions {
  readonly signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
/** Prometheus evaluates 20 queries at once by default, and has other users. */
const DEFAULT_MAX_CONNECTIONS = 4;
const DEFAULT_RETRIES = 1;
const FIRST_BACKOFF_MS = 100;

/** URLs of more than 2000 characters are refused by some proxies. */
const LONGEST_GET = 1500;

/** A client of Prometheus's HTTP API (and of what speaks it: Thanos, Mimir, VictoriaMetrics). */
export class PrometheusClient {
  /** Without credentials, for people. */
  readonly name: string;
  readonly #connection: Connection;
  readonly #retries: number;

  /** @throws {PrometheusError} `unreachable`: the URL is none */
  constructor(options: PrometheusOptions) {
    const url = parseUrl(options.url);
    const fromUrl: Credentials = url.username
      ? { kind: 'basic', user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
      : { kind: 'none' };
    url.username = '';
    url.password = '';
    this.name = url.href.replace(/\/$/, '');
    this.#retries = options.retries ?? DEFAULT_RETRIES;
    this.#connection = new Connection({
      url,
      credentials: options.credentials ?? fromUrl,
      tls: options.tls ?? {},
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      maxResponseBytes: options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES,
      maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    });
  }

  /**
   * Evaluates a query at one time: Prometheus's own now unless given, ms since the epoch.
   * @throws {PrometheusError}
   */
  queryInstant(query: string, options: QueryOptions & { readonly atMs?: number } = {}): Promise<Answer> {
    const form = new URLSearchParams({ query });
    if (options.atMs !== undefined) form.set('time', seconds(options.atMs));
    return this.#ask('/api/v1/query', form, options.signal);
  }

  /**
   * Evaluates a query at each step of a range, both ends included.
   * @throws {PrometheusError}
   */
  async queryRange(
    query: string,
    range: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
    options: QueryOptions = {},
  ): Promise<readonly Series[]> {
    const form = new URLSearchParams({
      query,
      start: seconds(range.fromMs),
      end: seconds(range.toMs),
      step: seconds(range.stepMs),
    });
    const answer = await this.#ask('/api/v1/query_range', form, options.signal);
    if (answer.kind === 'matrix') return answer.series;
    throw this.#error('malformed', `a range query was answered with a ${answer.kind}`);
  }

  /**
   * The raw samples that a range selector (`metric{…}[60s]`) covers up to Prometheus's now, with their times.
   * @throws {PrometheusError}
   */
  async querySamples(selector: string, options: QueryOptions = {}): Promise<readonly Series[]> {
    const answer = await this.queryInstant(selector, options);
    if (answer.kind === 'matrix') return answer.series;
    throw this.#error('bad-query', `${selector} is no range selector`);
  }

  /**
   * Prometheus's clock, ms since the epoch.
   * @throws {PrometheusError}
   */
  async now(options: QueryOptions = {}): Promise<number> {
    const answer = await this.queryInstant('time()', options);
    if (answer.kind === 'scalar') return Math.round(answer.sample.value * 1000);
    throw this.#error('malformed', `time() was answered with a ${answer.kind}`);
  }

  /** Ends all connections; questions that are under way fail. */
  close(): void {
    this.#connection.close();
  }

  async #ask(path: string, form: URLSearchParams, signal: AbortSignal | undefined): Promise<Answer> {
    const method = form.toString().length > LONGEST_GET ? 'POST' : 'GET';
    for (let attempt = 0; ; attempt++) {
      try {
        return this.#read(await this.#connection.send(path, form, { method, signal }));
      } catch (error) {
        const failure = this.#named(error);
        if (!failure.isPassing || attempt >= this.#retries || signal?.aborted) throw failure;
        // Half of the pause is left to chance, so that many clients do not come back at once.
        const backoffMs = FIRST_BACKOFF_MS * 2 ** attempt * (0.5 + Math.random() / 2);
        await pause(backoffMs, undefined, signal ? { signal } : {}).catch(() => {
          throw failure;
        });
      }
    }
  }

  #read({ status, contentType, location, body }: HttpAnswer): Answer {
    if (status === 401 || status === 403) {
      throw this.#error('unauthorized', `it refuses our credentials (${status})`, status);
    }
    if (status >= 300 && status < 400) {
      throw this.#error(
        'not-prometheus',
        `it redirects to ${location ?? 'nowhere'}; give that address`,
        status,
      );
    }
    const envelope = parseEnvelope(body);
    if (envelope.kind === 'error') {
      const bad = status === 400 || status === 422;
      throw this.#error(
        bad ? 'bad-query' : 'unavailable',
        `${envelope.errorType}: ${envelope.error}`,
        status,
      );
    }
    if (status === 404 || (envelope.kind === 'malformed' && contentType.startsWith('text/html'))) {
      throw this.#error(
        'not-prometheus',
        `no Prometheus API there (${status}); a path prefix such as /prometheus?`,
        status,
      );
    }
    if (status === 429 || status >= 500) throw this.#error('unavailable', `it answers ${status}`, status);
    if (status >= 400) throw this.#error('bad-query', `it answers ${status}`, status);
    if (envelope.kind === 'malformed') {
      throw this.#error('malformed', `its answer cannot be read: ${envelope.problem}`, status);
    }
    return envelope.answer;
  }

  #error(code: PrometheusError['code'], what: string, status?: number): PrometheusError {
    return new PrometheusError(
      code,
      `Prometheus at ${this.name}: ${what}`,
      status === undefined ? {} : { status },
    );
  }

  #named(error: unknown): PrometheusError {
    if (!(error instanceof PrometheusError)) throw error;
    if (error.message.startsWith('Prometheus at ')) return error;
    return new PrometheusError(error.code, `Prometheus at ${this.name}: ${error.message}`, { cause: error });
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new PrometheusError(
    'unreachable',
    `${JSON.stringify(text)} is no address of a Prometheus; one is such as http://127.0.0.1:9090`,
  );
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
