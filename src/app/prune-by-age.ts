import type { StateStore } from '../state/state-store.ts';

const EVERY_MS = 3_600_000;
const KEEP_DECISIONS_MS = 30 * 86_400_000;

/** Forgets old decisions and what of the audit is older than its retention, each hour. */
export function pruneByAge(store: StateStore, auditRetentionMs: number): Disposable {
  const timer = setInterval(() => {
    const now = Date.now();
    store.prune(now - KEEP_DECISIONS_MS);
    store.audit.prune(now - auditRetentionMs, now);
  }, EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
