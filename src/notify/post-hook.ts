import { createHmac, randomUUID } from 'node:crypto';
import type { Pace } from '../core/notify/answer.ts';
import { addressOf } from '../core/notify/message.ts';
import { exchange, hostOf } from './exchange.ts';
import { readSecret, type SecretSource } from './secret.ts';
import { type Attempt, tryOften } from './try-often.ts';

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

type Answered = Extract<Delivery, { kind: 'answer' }>;

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
  pace?: Pace,
): Promise<Delivery> {
  const delivery = randomUUID();
  const attempt = async (): Promise<Attempt<Answered>> => {
    const value = await postOnce(hook, body, delivery, signal);
    if (!isPassing(value.status)) return { kind: 'done', value };
    return { kind: 'again', why: `it answers ${value.status}`, afterMs: 0 };
  };
  const { retries, timeout: timeoutMs } = hook;
  const tried = await tryOften(attempt, { retries, timeoutMs, signal, ...(pace && { pace }) });
  if (tried.kind === 'done') return tried.value;
  return { kind: 'failure', message: `${hostOf(hook.url)}: ${tried.why}` };
}

async function postOnce(hook: Hook, body: string, delivery: string, signal: AbortSignal): Promise<Answered> {
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
