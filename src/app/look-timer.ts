/** Calls at an interval that may change from one call to the next; never twice at once. */
export class LookTimer {
  readonly #look: () => void;
  readonly #intervalMs: () => number;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(look: () => void, intervalMs: () => number) {
    this.#look = look;
    this.#intervalMs = intervalMs;
  }

  /** Looks now, and from now on after each interval. */
  now(): void {
    clearTimeout(this.#timer);
    const startedAt = performance.now();
    this.#look();
    const spentMs = performance.now() - startedAt;
    this.#timer = setTimeout(() => this.now(), Math.max(0, this.#intervalMs() - spentMs));
  }

  /** Looks as soon as what happens now is over; many wishes are one look. */
  soon(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      this.now();
    });
  }

  stop(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
  }
}
