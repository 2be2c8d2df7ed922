import { setTimeout as pause } from 'node:timers/promises';
import { judgeAnswer, pauseMs, type Verdict } from '../core/notify/answer.ts';
import type { Message } from '../core/notify/message.ts';
import { messagesOf } from '../core/notify/messages.ts';
import type { Receiver } from '../core/notify/receivers.ts';
import type { Group } from '../core/notify/text.ts';
import { exchange, explainFailure } from './exchange.ts';
import { readSecret } from './secret.ts';
import { sendMail } from './send-mail.ts';

/**
 * Tells a receiver of a group of notices, with as many tries as its webhook allows for each message.
 * @returns why not everything was delivered; undefined: it was
 */
export async function deliver(
  { hook }: Receiver,
  group: Group,
  signal: AbortSignal,
): Promise<string | undefined> {
  let trouble: string | undefined;
  // A format may need several messages: those that are delivered are not sent again for the sake of another.
  for (let index = 0, count = 1; index < count; index++) {
    const attempt = async (): Promise<Verdict> => {
      const secret = hook.secret === undefined ? undefined : await readSecret(hook.secret);
      const messages = messagesOf({ hook, secret, group, nowMs: Date.now() });
      count = messages.length;
      const message = messages[index];
      return message === undefined ? { kind: 'delivered' } : send(message, hook, signal);
    };
    trouble = (await tryOften(attempt, hook.retries, hook.timeout, signal)) ?? trouble;
  }
  return trouble;
}

async function tryOften(
  attempt: () => Promise<Verdict>,
  retries: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let failures = 1; ; failures++) {
    const verdict = await attempt().catch(
      (error: unknown): Verdict => ({
        kind: 'retry',
        why: explainFailure(error, timeoutMs),
        afterMs: 0,
      }),
    );
    if (verdict.kind === 'delivered') return undefined;
    if (verdict.kind === 'refused' || failures > retries || signal.aborted) return verdict.why;
    const waitMs = Math.max(verdict.afterMs, pauseMs(failures, Math.random()));
    await pause(waitMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return verdict.why;
  }
}

async function send(
  message: Message,
  { format, timeout }: Receiver['hook'],
  signal: AbortSignal,
): Promise<Verdict> {
  if (message.kind === 'mail') return sendMail(message, timeout);
  return judgeAnswer(format, await exchange(message, timeout, signal));
}
