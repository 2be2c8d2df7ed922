import type { PrometheusClient, QueryOptions } from './prometheus/client.ts';
import { PrometheusError, type PrometheusErrorCode } from './prometheus/prometheus-error.ts';

/** How Prometheus does, for people and metrics. Times are ms since the epoch. */
export interface PrometheusHealth {
  readonly name: string;
  readonly reachable: boolean;
  /** Since when it gives no answer; undefined while it does. */
  readonly unreachableSince: number | undefined;
  readonly lastAnswerAt: number | undefined;
  readonly lastError: string | undefined;
  /** Questions that it answers with an error, and since when. */
  readonly failing: readonly { readonly what: string; readonly since: number; readonly message: string }[];
}

/** After these it is there all the same. */
const ANSWERED: ReadonlySet<PrometheusErrorCode> = new Set(['bad-query', 'too-large']);

/** A client whose answers are kept account of: is it there, what fails, and how far is its clock off ours. */
export class PrometheusLink {
  readonly #client: PrometheusClient;
  readonly #failing = new Map<string, { since: number; message: string }>();
  #lastAnswerAt: number | undefined;
  #unreachableSince: number | undefined;
  #lastError: string | undefined;
  #offsetMs: number | undefined;

  constructor(client: PrometheusClient) {
    this.#client = client;
  }

  /** Prometheus's clock minus ours, ms; 0 until it is known. */
  get offsetMs(): number {
    return this.#offsetMs ?? 0;
  }

  /** Why there may be no data, or undefined. */
  get problem(): string | undefined {
    if (this.#unreachableSince !== undefined) return this.#lastError;
    return this.#lastAnswerAt === undefined
      ? `Prometheus at ${this.#client.name} has not answered yet`
      : undefined;
  }

  /** Compares the clocks; cheap, to be done now and then. */
  async synchronize(signal: AbortSignal): Promise<void> {
    await this.ask('the time', signal, async (client, options) => {
      const before = Date.now();
      const theirs = await client.now(options);
      const after = Date.now();
      // The question is answered somewhere between the two; half of the way is off by half of it at most.
      this.#offsetMs = Math.round(theirs - (before + after) / 2);
    });
  }

  /**
   * Asks, and keeps account of the outcome. Clocks are compared before anything else.
   * @param what for people, in `failing`
   * @returns the failure, or undefined after an answer
   */
  async ask(
    what: string,
    signal: AbortSignal,
    question: (client: PrometheusClient, options: QueryOptions) => Promise<void>,
  ): Promise<PrometheusError | undefined> {
    try {
      await question(this.#client, { signal });
      this.#answered();
      this.#failing.delete(what);
      return undefined;
    } catch (error) {
      if (!(error instanceof PrometheusError)) throw error;
      if (error.code !== 'closed') this.#failed(what, error);
      return error;
    }
  }

  /** Whether clocks were compared. */
  get isSynchronized(): boolean {
    return this.#offsetMs !== undefined;
  }

  /** Forgets the failures of questions that are asked no more. */
  retain(asked: (what: string) => boolean): void {
    for (const what of this.#failing.keys()) if (!asked(what)) this.#failing.delete(what);
  }

  health(): PrometheusHealth {
    return {
      name: this.#client.name,
      reachable: this.#unreachableSince === undefined && this.#lastAnswerAt !== undefined,
      unreachableSince: this.#unreachableSince,
      lastAnswerAt: this.#lastAnswerAt,
      lastError: this.#lastError,
      failing: [...this.#failing].map(([what, failure]) => ({ what, ...failure })),
    };
  }

  close(): void {
    this.#client.close();
  }

  #answered(): void {
    this.#lastAnswerAt = Date.now();
    this.#unreachableSince = undefined;
  }

  #failed(what: string, error: PrometheusError): void {
    this.#lastError = error.message;
    const since = this.#failing.get(what)?.since ?? Date.now();
    this.#failing.set(what, { since, message: error.message });
    if (ANSWERED.has(error.code)) this.#answered();
    else this.#unreachableSince ??= Date.now();
  }
}
