import type { ControllerStatus } from '../core/status/status.ts';

const KEPT = 2048;

/** The latest times from push to acknowledgement, for the figures that people are shown. */
export class AckTimes {
  readonly #times: number[] = [];
  #count = 0;

  add(afterMs: number): void {
    this.#times[this.#count++ % KEPT] = afterMs;
  }

  /** Quantiles over the latest 2048; undefined while there are none. */
  summary(): ControllerStatus['pushToAckMs'] {
    if (this.#count === 0) return undefined;
    const sorted = this.#times.toSorted((a, b) => a - b);
    const quantile = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
    return { p50: quantile(0.5), p99: quantile(0.99), count: this.#count };
  }
}
