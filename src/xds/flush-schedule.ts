/**
 * Coalesces bursts: what comes alone is done at once, what follows within the window is done together at the
 * window's end. At once means after whoever asked has gone on: he who waits for an answer before he asks again
 * would otherwise have each of his changes told alone.
 */
export class FlushSchedule {
  readonly #windowMs: number;
  readonly #flush: () => void;
  readonly #coalesced: () => void;
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(windowMs: number, flush: () => void, coalesced: () => void) {
    this.#windowMs = windowMs;
    this.#flush = flush;
    this.#coalesced = coalesced;
  }

  /** There is something to flush. */
  request(): void {
    if (this.#timer || this.#immediate) {
      this.#coalesced();
      return;
    }
    const wait = this.#lastAt + this.#windowMs - performance.now();
    if (wait <= 0) this.#immediate = setImmediate(() => this.#run());
    else this.#timer = setTimeout(() => this.#run(), wait);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#timer = undefined;
  }

  #run(): void {
    this.#timer = undefined;
    this.#immediate = undefined;
    this.#flush();
    this.#lastAt = performance.now();
  }
}
