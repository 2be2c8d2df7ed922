/** Failures of one caller that are still answered, and the time in which one of them is forgotten. */
const BURST = 10;
const FORGET_MS = 6_000;
/** Callers that are remembered at once; a flood from more addresses forgets the oldest. */
const REMEMBERED = 10_000;

interface Failures {
  count: number;
  at: number;
}

/** Slows down whoever tries credentials: ten failures at once, then one in six seconds, for each address. */
export class FailureLimit {
  readonly #failures = new Map<string, Failures>();

  /** How long a caller must wait before it may try again, ms; 0: not at all. */
  waitMs(address: string, now: number): number {
    const left = this.#left(address, now);
    return left <= BURST - 1 ? 0 : Math.ceil((left - BURST + 1) * FORGET_MS);
  }

  /** A caller gave credentials that are not valid. */
  failed(address: string, now: number): void {
    const count = Math.min(BURST * 2, this.#left(address, now) + 1);
    this.#failures.delete(address);
    this.#failures.set(address, { count, at: now });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > REMEMBERED && oldest !== undefined) this.#failures.delete(oldest);
  }

  #left(address: string, now: number): number {
    const known = this.#failures.get(address);
    return known === undefined ? 0 : Math.max(0, known.count - (now - known.at) / FORGET_MS);
  }
}
