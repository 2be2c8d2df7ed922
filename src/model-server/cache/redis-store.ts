import { createClient, RESP_TYPES } from '@redis/client';
import type { AnswerStore } from './answers.ts';

export interface RedisStoreSettings {
  /** Such as `redis://127.0.0.1:6379`. */
  readonly url: string;
  readonly ttlMs: number;
  /** Told when the store fails and when it works again. */
  readonly onTrouble: (message: string) => void;
}

/** A cache that takes longer than this helps nobody. */
const TIMEOUT_MS = 50;
const KEY_PREFIX = 'model-server:';

/**
 * Keeps answers in Redis, so that several servers share them; Redis bounds them (`maxmemory`, an LRU policy).
 * While it cannot be reached, nothing is kept and every call is computed.
 */
export function openRedisStore({ url, ttlMs, onTrouble }: RedisStoreSettings): AnswerStore {
  const client = createClient({ url, disableOfflineQueue: true, socket: { connectTimeout: 1_000 } });
  const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  let lastTrouble = '';
  client.on('error', (error: Error) => {
    const trouble = `the cache cannot be reached: ${error.message}`;
    if (trouble !== lastTrouble) onTrouble(trouble);
    lastTrouble = trouble;
  });
  client.on('ready', () => {
    lastTrouble = '';
  });
  void client.connect().catch(() => undefined);
  return {
    async get(key) {
      if (!client.isReady) return undefined;
      const answer = await within(bytes.get(KEY_PREFIX + key));
      return answer instanceof Buffer ? answer : undefined;
    },
    put(key, answer) {
      if (!client.isReady) return;
      const value = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
      void client.set(KEY_PREFIX + key, value, { PX: ttlMs }).catch(() => undefined);
    },
    async close() {
      client.destroy();
    },
  };
}

/** The value, or undefined when it fails or takes too long. */
async function within<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), TIMEOUT_MS);
  });
  const value = await Promise.race([promise.catch(() => undefined), late]);
  clearTimeout(timer);
  return value;
}
