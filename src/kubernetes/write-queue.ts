import { setTimeout as pause } from 'node:timers/promises';
import { ApiError, isStatus } from './api-error.ts';

export interface WriteQueueOptions {
  /** Writes a second, over all objects. */
  readonly perSecond: number;
  /** Writes at once. */
  readonly concurrency: number;
  /** Told of a write that failed; it is tried again unless the object is gone. */
  readonly onFailure: (key: string, error: unknown) => void;
}

interface Pending {
  readonly write: () => Promise<void>;
  readonly notBeforeMs: number;
  readonly failures: number;
}

/** What was not used within this may be used up at once: a process that is busy for a while catches up. */
const CREDIT_MS = 1000;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 30_000;

/**
 * Writes to the API server, the newest for each key: what was replaced before it was written is never written. Bounded
 * in rate and in number, patient after failures, obedient to 429.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #busy = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  /** The time at which the next write may begin, ms. */
  #nextAtMs = 0;
  #closed = false;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  /** Writes that wait or are on their way. */
  get waiting(): number {
    return this.#pending.size + this.#busy.size;
  }

  /** Has `write` done in place of what waits under this key. `delayMs`: not sooner than that. */
  put(key: string, write: () => Promise<void>, delayMs = 0): void {
    if (this.#closed) return;
    const before = this.#pending.get(key);
    const notBeforeMs = Math.min(
      performance.now() + delayMs,
      before?.notBeforeMs ?? Number.POSITIVE_INFINITY,
    );
    this.#pending.delete(key);
    this.#pending.set(key, { write, notBeforeMs, failures: 0 });
    this.#schedule();
  }

  /** Has all that waits written now. @returns when it is, or when the time is up */
  async drain(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    for (const [key, pending] of this.#pending) this.#pending.set(key, { ...pending, notBeforeMs: 0 });
    this.#schedule();
    while (this.waiting > 0 && performance.now() < deadline) await pause(10);
  }

  /** Forgets what waits. */
  clear(): void {
    this.#pending.clear();
  }

  close(): void {
    this.#closed = true;
    this.clear();
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#closed || this.#busy.size >= this.#options.concurrency) return;
    const now = performance.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const [key, pending] of this.#pending) {
      if (this.#busy.has(key)) continue;
      const at = Math.max(pending.notBeforeMs, this.#nextAtMs);
      if (at > now) {
        earliest = Math.min(earliest, at);
        continue;
      }
      this.#begin(key, pending);
      if (this.#busy.size >= this.#options.concurrency) return;
    }
    if (Number.isFinite(earliest))
      this.#timer = setTimeout(() => this.#schedule(), Math.max(1, earliest - now));
  }

  #begin(key: string, pending: Pending): void {
    this.#pending.delete(key);
    this.#busy.add(key);
    const gapMs = 1000 / this.#options.perSecond;
    this.#nextAtMs = Math.max(this.#nextAtMs, performance.now() - CREDIT_MS) + gapMs;
    pending
      .write()
      .catch((error: unknown) => this.#failed(key, pending, error))
      .finally(() => {
        this.#busy.delete(key);
        this.#schedule();
      });
  }

  #failed(key: string, { write, failures }: Pending, error: unknown): void {
    if (isStatus(error, 404)) return;
    this.#options.onFailure(key, error);
    // Something newer waits already, or nothing is to be written any more.
    if (this.#pending.has(key) || this.#closed) return;
    const backoff = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures);
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    const notBeforeMs = performance.now() + Math.max(asked, backoff);
    this.#pending.set(key, { write, notBeforeMs, failures: failures + 1 });
  }
}
