/**
 * Why Prometheus gave no answer.
 * - `unreachable`: no connection (refused, unknown name, TLS)
 * - `timeout`: no whole answer in time
 * - `bad-query`: Prometheus rejects the query, in its own words (400, 422)
 * - `unauthorized`: credentials are missing or wrong (401, 403)
 * - `not-prometheus`: something else answers there (404, a redirect, HTML)
 * - `unavailable`: Prometheus itself has trouble (429, 5xx)
 * - `malformed`: the answer cannot be read
 * - `too-large`: the answer is larger than is allowed
 * - `closed`: the client was closed or the caller gave up
 */
export type PrometheusErrorCode =
  | 'unreachable'
  | 'timeout'
  | 'bad-query'
  | 'unauthorized'
  | 'not-prometheus'
  | 'unavailable'
  | 'malformed'
  | 'too-large'
  | 'closed';

/** The one error of the Prometheus client; the message is for people and names the server. */
export class PrometheusError extends Error {
  override readonly name = 'PrometheusError';
  readonly code: PrometheusErrorCode;
  /** HTTP status where there was one. */
  readonly status: number | undefined;

  constructor(
    code: PrometheusErrorCode,
    message: string,
    options: { status?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status;
  }

  /** Whether the same question may be answered a moment later. */
  get isPassing(): boolean {
    return this.code === 'unreachable' || this.code === 'unavailable';
  }
}
