/** What a caller got, as it was seen on its way. */
export interface StoredAnswer {
  /** Names and values, without pseudo-headers; those that a replay needs. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** Undefined: an HTTP answer, which has none. */
  readonly trailers: readonly (readonly [string, string])[] | undefined;
}

interface Entry {
  readonly answer: StoredAnswer;
  readonly bytes: number;
  readonly atMs: number;
}

/** What an entry costs beside the bytes of its body: key, headers, the map's own. */
const OVERHEAD_BYTES = 512;

/**
 * The last answers by service and key, bounded in entries for each service and in bytes for all together. The oldest
 * answer goes first: it is the first that would be too old to be given.
 */
export class AnswerStore {
  readonly #maxBytes: number;
  readonly #services = new Map<string, Map<string, Entry>>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get entries(): number {
    return [...this.#services.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Keeps an answer in the place of the last one for this key.
   * @param maxEntries of this service
   */
  put(service: string, key: string, answer: StoredAnswer, maxEntries: number, nowMs: number): void {
    const bytes = OVERHEAD_BYTES + answer.body.length;
    if (bytes > this.#maxBytes) return;
    const entries = this.#services.get(service) ?? new Map<string, Entry>();
    this.#services.set(service, entries);
    this.#drop(service, key);
    entries.set(key, { answer, bytes, atMs: nowMs });
    this.#bytes += bytes;
    while (entries.size > maxEntries) this.#dropOldestOf(service, entries);
    while (this.#bytes > this.#maxBytes) this.#dropOldest();
  }

  /** The last answer for this key and its age, unless it is older than `ttlMs`. */
  get(
    service: string,
    key: string,
    ttlMs: number,
    nowMs: number,
  ): { readonly answer: StoredAnswer; readonly ageMs: number } | undefined {
    const entry = this.#services.get(service)?.get(key);
    if (entry === undefined) return undefined;
    const ageMs = Math.max(0, nowMs - entry.atMs);
    return ageMs > ttlMs ? undefined : { answer: entry.answer, ageMs };
  }

  #drop(service: string, key: string): void {
    const entries = this.#services.get(service);
    const entry = entries?.get(key);
    if (entries === undefined || entry === undefined) return;
    entries.delete(key);
    this.#bytes -= entry.bytes;
  }

  /** A map keeps the order in which its entries came. */
  #dropOldestOf(service: string, entries: ReadonlyMap<string, Entry>): void {
    const [oldest] = entries.keys();
    if (oldest !== undefined) this.#drop(service, oldest);
  }

  #dropOldest(): void {
    const first = [...this.#services]
      .flatMap(([service, entries]) => {
        const [oldest] = entries;
        return oldest === undefined ? [] : [{ service, key: oldest[0], atMs: oldest[1].atMs }];
      })
      .reduce((a, b) => (b.atMs < a.atMs ? b : a));
    this.#drop(first.service, first.key);
  }
}
