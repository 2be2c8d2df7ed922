import { setTimeout as pause } from 'node:timers/promises';
import { type Pace, pauseMs } from '../core/notify/answer.ts';
import { explainFailure } from './exchange.ts';

/** What one try came to: the end of it, or that another may do better. */
export type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'again'; readonly why: string; readonly afterMs: number };

export interface Patience {
  /** Tries after the first. */
  readonly retries: number;
  /** Of one try, for the words in which its end is told. */
  readonly timeoutMs: number;
  readonly pace?: Pace;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/** Tries until it is done, refused, or tried often enough, with exponential pauses. A try that throws failed. Never throws. */
export async function tryOften<T>(
  attempt: () => Promise<Attempt<T>>,
  { retries, timeoutMs, pace, signal }: Patience,
): Promise<{ readonly kind: 'done'; readonly value: T } | { readonly kind: 'failed'; readonly why: string }> {
  for (let failures = 1; ; failures++) {
    const tried = await attempt().catch(
      (error: unknown): Attempt<T> => ({ kind: 'again', why: explainFailure(error, timeoutMs), afterMs: 0 }),
    );
    if (tried.kind === 'done') return tried;
    const failed = { kind: 'failed', why: tried.why } as const;
    if (failures > retries || signal.aborted) return failed;
    const waitMs = Math.max(tried.afterMs, pauseMs(failures, Math.random(), pace));
    await pause(waitMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return failed;
  }
}
