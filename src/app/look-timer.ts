/** Between two looks that do not wait for their time, ms and in times of what a look takes. */
const LEAST_APART_MS = 100;
const APART = 4;

/** Calls at an interval that may change from one call to the next; never twice at once. */
export class LookTimer {
  readonly #look: () => void;
  readonly #intervalMs: () => number;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #startedAt = Number.NEGATIVE_INFINITY;
  #spentMs = 0;
  #stopped = false;

  constructor(look: () => void, intervalMs: () => number) {
    this.#look = look;
    this.#intervalMs = intervalMs;
  }

  /** Looks now, and from now on after each interval. */
  now(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#startedAt = performance.now();
    this.#look();
    this.#spentMs = performance.now() - this.#startedAt;
    // Half of the time is for everything else, however much there is to look at.
    this.#timer = setTimeout(() => this.now(), Math.max(this.#spentMs, this.#intervalMs() - this.#spentMs));
  }

  /** Brings the next look forward, so far as the looks leave time for everything else. */
  sooner(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const apartMs = Math.max(LEAST_APART_MS, APART * this.#spentMs);
    const sinceMs = performance.now() - this.#startedAt;
    this.#timer = setTimeout(() => this.now(), Math.max(0, Math.min(apartMs, this.#intervalMs()) - sinceMs));
  }

  /** Looks as soon as what happens now is over; many wishes are one look. */
  soon(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      this.now();
    });
  }

  /** For good. */
  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
  }
}
