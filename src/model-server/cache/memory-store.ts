import type { AnswerStore } from './answers.ts';

export interface MemoryStoreSettings {
  readonly maxBytes: number;
  readonly ttlMs: number;
  /** In ms; only differences matter. */
  readonly now: () => number;
}

/** What an entry costs beside its answer: its key and its place. */
const OVERHEAD_BYTES = 200;

/** Keeps answers in memory: those not asked for the longest make room for new ones. */
export function openMemoryStore({ maxBytes, ttlMs, now }: MemoryStoreSettings): AnswerStore {
  // A Map keeps the order of insertion: the first entry is the one not asked for the longest.
  const entries = new Map<string, { readonly answer: Uint8Array; readonly expiresMs: number }>();
  let bytes = 0;
  const drop = (key: string) => {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    bytes -= entry.answer.length + OVERHEAD_BYTES;
  };
  return {
    async get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (entry.expiresMs <= now()) {
        drop(key);
        return undefined;
      }
      entries.delete(key);
      entries.set(key, entry);
      return entry.answer;
    },
    put(key, answer) {
      drop(key);
      if (answer.length + OVERHEAD_BYTES > maxBytes) return;
      entries.set(key, { answer, expiresMs: now() + ttlMs });
      bytes += answer.length + OVERHEAD_BYTES;
      while (bytes > maxBytes) drop(entries.keys().next().value ?? '');
    },
    async close() {
      entries.clear();
    },
  };
}
