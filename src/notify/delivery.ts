import { judgeAnswer, type Verdict } from '../core/notify/answer.ts';
import type { Message } from '../core/notify/message.ts';
import { messagesOf } from '../core/notify/messages.ts';
import type { Receiver } from '../core/notify/receivers.ts';
import type { Group } from '../core/notify/text.ts';
import { exchange } from './exchange.ts';
import { readSecret } from './secret.ts';
import { sendMail } from './send-mail.ts';
import { type Attempt, tryOften } from './try-often.ts';

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
    const attempt = async (): Promise<Attempt<string | undefined>> => {
      const secret = hook.secret === undefined ? undefined : await readSecret(hook.secret);
      const messages = messagesOf({ hook, secret, group, nowMs: Date.now() });
      count = messages.length;
      const message = messages[index];
      if (message === undefined) return { kind: 'done', value: undefined };
      const verdict = await send(message, hook, signal);
      if (verdict.kind === 'retry') return { ...verdict, kind: 'again' };
      return { kind: 'done', value: verdict.kind === 'refused' ? verdict.why : undefined };
    };
    const { retries, timeout: timeoutMs } = hook;
    const tried = await tryOften(attempt, { retries, timeoutMs, signal });
    trouble = (tried.kind === 'failed' ? tried.why : tried.value) ?? trouble;
  }
  return trouble;
}

async function send(
  message: Message,
  { format, timeout }: Receiver['hook'],
  signal: AbortSignal,
): Promise<Verdict> {
  if (message.kind === 'mail') return sendMail(message, timeout);
  return judgeAnswer(format, await exchange(message, timeout, signal));
}
