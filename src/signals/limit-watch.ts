import type { PrometheusLink } from './prometheus-link.ts';
import type { Task } from './schedule.ts';

/** Requests a second over all sidecars that enforce a limit. */
export interface LimitFlow {
  readonly admittedPerSecond: number | undefined;
  readonly refusedPerSecond: number | undefined;
}

const POLL_MS = 5_000;
/** Without an answer for so long there is no rate to show. */
const FRESH_MS = 30_000;
/** Envoy makes a label of what stands before the name of its limit's counters. */
const LABEL = 'envoy_local_http_ratelimit_prefix';
const NAME = 'the flow of limits';

/** Follows what limits admit and refuse, for people to see; nothing is decided by it. */
export class LimitWatch {
  readonly #link: PrometheusLink;
  #flows: ReadonlyMap<string, LimitFlow> = new Map();
  #at = Number.NEGATIVE_INFINITY;

  constructor(link: PrometheusLink) {
    this.#link = link;
  }

  task(): Task {
    return { key: NAME, periodMs: () => POLL_MS, run: (signal) => this.#ask(signal) };
  }

  /** @param limit `NAMESPACE/SERVICE/limits/NAME` */
  flowOf(limit: string, nowMs: number): LimitFlow | undefined {
    return nowMs - this.#at <= FRESH_MS ? this.#flows.get(limit) : undefined;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    await this.#link.ask(NAME, signal, async (client, options) => {
      const rates = async (counter: string): Promise<ReadonlyMap<string, number>> => {
        const query = `sum by (${LABEL}) (rate(envoy_http_local_rate_limit_${counter}{${LABEL}=~".+/limits/.+"}[1m]))`;
        const answer = await client.queryInstant(query, options);
        if (answer.kind !== 'vector') return new Map();
        return new Map(answer.elements.map(({ labels, sample }) => [labels[LABEL] ?? '', sample.value]));
      };
      const [admitted, refused] = [await rates('ok'), await rates('enforced')];
      this.#flows = new Map(
        [...new Set([...admitted.keys(), ...refused.keys()])].map((limit) => [
          limit,
          { admittedPerSecond: admitted.get(limit), refusedPerSecond: refused.get(limit) },
        ]),
      );
      this.#at = Date.now();
    });
  }
}
