import { hostname } from 'node:os';
import type { OtlpSpan } from '../core/trace/decision-spans.ts';

const SEND_EVERY_MS = 1_000;
const MOST_WAITING = 4_096;
const TIMEOUT_MS = 5_000;

export interface SpanExporterOptions {
  /** The collector's HTTP address, such as `http://127.0.0.1:4318`; spans go to `/v1/traces` under it. */
  readonly endpoint: string;
  readonly version: string;
  /** Told once of each new kind of trouble. */
  readonly onTrouble: (message: string) => void;
}

/**
 * Sends spans to an OpenTelemetry collector once a second, by OTLP over HTTP in JSON. Who adds never waits, and what
 * the collector does not take is lost: a trace is no record, the audit is.
 */
export class SpanExporter {
  readonly #options: SpanExporterOptions;
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  #waiting: OtlpSpan[] = [];
  #trouble = '';

  constructor(options: SpanExporterOptions) {
    this.#options = options;
    this.#url = `${options.endpoint.replace(/\/$/, '')}/v1/traces`;
    this.#timer = setInterval(() => void this.#send(), SEND_EVERY_MS).unref();
  }

  add(span: OtlpSpan): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(span);
  }

  /** Sends what is left. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#send();
  }

  async #send(): Promise<void> {
    const spans = this.#waiting;
    if (spans.length === 0) return;
    this.#waiting = [];
    const trouble = await this.#post(spans);
    if (trouble !== '' && trouble !== this.#trouble)
      this.#options.onTrouble(`${spans.length} spans are lost: ${trouble}`);
    this.#trouble = trouble;
  }

  async #post(spans: readonly OtlpSpan[]): Promise<string> {
    const resource = {
      'service.name': 'penstock',
      'service.version': this.#options.version,
      'host.name': hostname(),
    };
    const attributes = Object.entries(resource).map(([key, stringValue]) => ({
      key,
      value: { stringValue },
    }));
    const body = {
      resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: 'penstock' }, spans }] }],
    };
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      return response.ok ? '' : `${this.#url} answers ${response.status}`;
    } catch (error) {
      return `${this.#url}: ${(error as Error).message}`;
    }
  }
}
