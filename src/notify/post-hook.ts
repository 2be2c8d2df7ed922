import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { addressOf } from '../core/notify/message.ts';
import { exchange, explainFailure, hostOf } from './exchange.ts';
import { readSecret, type SecretSource } from './secret.ts';

/** A receiver as specs describe it. Times are ms. */
export interface Hook {
  readonly url: string;
  /** Of one try. */
  readonly timeout: number;
  /** Tries after the first. */
  readonly retries: number;
  readonly secret?: SecretSource;
}

/** What came of a request: what the receiver said, or why it said nothing that could be used. */
export type Delivery =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'failure'; readonly message: string };

/** Pauses between tries: each twice the one before, half of it left to chance. */
export interface Pace {
  readonly firstMs: number;
  readonly longestMs: number;
}

const PACE: Pace = { firstMs: 500, longestMs: 30_000 };

/** Statuses that may be better a moment later; every other one is the receiver's answer. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Posts a body of JSON, and tries again while the receiver does not answer, or answers that it cannot now. All
 * tries carry the same `x-penstock-delivery`, so that a receiver can tell a repetition, and with a secret
 * `x-penstock-signature`, the hex HMAC-SHA256 of the body. Redirects are not followed: a signed body goes
 * where the spec says. Never throws.
 */
export async function postHook(
  hook: Hook,
  body: string,
  signal: AbortSignal,
  pace: Pace = PACE,
): Promise<Delivery> {
  const delivery = randomUUID();
  let failure = 'it was given up';
  for (let attempt = 0; attempt <= hook.retries && !signal.aborted; attempt++) {
    if (attempt > 0 && !(await rest(backoffMs(attempt, pace), signal))) break;
    try {
      const answer = await postOnce(hook, body, delivery, signal);
      if (!isPassing(answer.status)) return answer;
      failure = `it answers ${answer.status}`;
    } catch (error) {
      failure = explainFailure(error, hook.timeout);
    }
  }
  return { kind: 'failure', message: `${hostOf(hook.url)}: ${failure}` };
}

async function postOnce(
  hook: Hook,
  body: string,
  delivery: string,
  signal: AbortSignal,
): Promise<Extract<Delivery, { kind: 'answer' }>> {
  const key = hook.secret === undefined ? undefined : await readSecret(hook.secret);
  const signature = key && { 'x-penstock-signature': createHmac('sha256', key).update(body).digest('hex') };
  const headers = { 'content-type': 'application/json', 'x-penstock-delivery': delivery, ...signature };
  const url = addressOf(hook, key);
  const { status, body: said } = await exchange({ url, headers, body }, hook.timeout, signal);
  return { kind: 'answer', status, body: said };
}

function isPassing(status: number): boolean {
  return status >= 500 || PASSING.has(status);
}

function backoffMs(attempt: number, { firstMs, longestMs }: Pace): number {
  return Math.min(longestMs, firstMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
}

/** False when it was given up in the meantime. */
async function rest(ms: number, signal: AbortSignal): Promise<boolean> {
  return pause(ms, true, { signal }).catch(() => false);
}
