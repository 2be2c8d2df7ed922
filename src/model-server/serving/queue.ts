/** What the queue knows of an entry. */
export interface Queued {
  /** Entries of the same group may share a batch. */
  readonly group: string;
  readonly rows: number;
  /** 1 is the most urgent. */
  readonly priority: number;
  /** In ms of the queue's clock; Infinity for none. */
  readonly deadlineMs: number;
}

/** What joined a batch, and what was too late to. */
export interface Taken<T> {
  readonly batch: T[];
  readonly expired: T[];
}

/**
 * A bounded queue: the most urgent first, among equals the oldest first.
 *
 * Which entries share a batch is decided when the batch is taken, so nothing ever waits for company.
 */
export class BatchQueue<T extends Queued> {
  readonly #capacity: number;
  #entries: T[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#entries.length;
  }

  /**
   * Puts an entry in its place. Returns the entry that has to leave for it when the queue is full: the least urgent
   * and newest, which is the given one itself unless it is more urgent than another.
   */
  push(entry: T): T | undefined {
    const entries = this.#entries;
    let place = entries.length;
    while (place > 0 && (entries[place - 1] as T).priority > entry.priority) place--;
    entries.splice(place, 0, entry);
    return entries.length > this.#capacity ? entries.pop() : undefined;
  }

  /** Takes an entry out, as when its caller has gone. Returns whether it was still there. */
  remove(entry: T): boolean {
    const place = this.#entries.indexOf(entry);
    if (place < 0) return false;
    this.#entries.splice(place, 1);
    return true;
  }

  /**
   * Takes the next batch: the first entry that is not too late, and with it, in order, those of its group that fit
   * into `maxRows` together. A first entry larger than `maxRows` goes alone.
   */
  take(maxRows: number, nowMs: number): Taken<T> {
    const batch: T[] = [];
    const expired: T[] = [];
    const left: T[] = [];
    let rows = 0;
    for (const entry of this.#entries) {
      const head = batch[0];
      if (entry.deadlineMs <= nowMs) expired.push(entry);
      else if (!head || (entry.group === head.group && rows + entry.rows <= maxRows)) {
        batch.push(entry);
        rows += entry.rows;
      } else left.push(entry);
    }
    this.#entries = left;
    return { batch, expired };
  }

  /** Takes everything. */
  clear(): T[] {
    return this.#entries.splice(0);
  }
}
