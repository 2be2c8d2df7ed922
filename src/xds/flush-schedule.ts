/**
 * Coalesces bursts: what comes alone is done at once, what follows within the window is done together at the
 * window's end.
 */
export class FlushSchedule {
  readonly #windowMs: number;
  readonly #flush: () => void;
  readonly #coalesced: () => void;
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(windowMs: number, flush: () => void, coalesced: () => void) {
    this.#windowMs = windowMs;
    this.#flush = flush;
    this.#coalesced = coalesced;
  }

  /** There is something to flush. */
  request(): void {
    if (this.#timer) {
      this.#coalesced();
      return;
    }
    const wait = this.#lastAt + this.#windowMs - performance.now();
    if (wait <= 0) this.#run();
    else this.#timer = setTimeout(() => this.#run(), wait);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    this.#timer = undefined;
    this.#flush();
    this.#lastAt = performance.now();
  }
}
