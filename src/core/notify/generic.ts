import { createHmac } from 'node:crypto';
import { fillPlaceholders } from '../api/query-template.ts';
import type { eventFields } from '../api/webhook.ts';
import { addressOf, type Post, type Sending } from './message.ts';
import type { Notice } from './notice.ts';

/**
 * Every field of every event as JSON, or one request for each event by the hook's template. Signed over the body:
 * `x-penstock-signature` is the hex HMAC-SHA256 under the hook's secret. `x-penstock-delivery` is the same for every
 * try of a message, so that a receiver can tell a repetition.
 */
export function genericMessages(sending: Sending): readonly Post[] {
  const { hook, group, nowMs } = sending;
  const { template } = hook;
  if (template !== undefined)
    return group.notices.map((notice) => post(sending, [notice], fillTemplate(template, notice)));
  const events = group.notices.map(({ ends, ...event }) => ({
    ...event,
    time: new Date(event.at).toISOString(),
    resolved: ends !== undefined,
  }));
  return [post(sending, group.notices, JSON.stringify({ sentAt: nowMs, dropped: group.dropped, events }))];
}

function post({ hook, secret }: Sending, notices: readonly Notice[], body: string): Post {
  const signature =
    secret === undefined
      ? {}
      : { 'x-penstock-signature': createHmac('sha256', secret).update(body).digest('hex') };
  const type = looksLikeJson(body) ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8';
  const delivery = notices.map(({ id }) => id).join('-');
  return {
    kind: 'post',
    url: addressOf(hook, secret),
    headers: { 'content-type': type, 'x-penstock-delivery': delivery, ...signature },
    body,
  };
}

function fillTemplate(template: string, notice: Notice): string {
  const { id, at, severity, subject, service, reason, message, actor } = notice;
  const time = new Date(at).toISOString();
  const values: Record<(typeof eventFields)[number], string> = {
    ...{ id: String(id), time, severity, subject, service, reason, message, actor },
  };
  if (!looksLikeJson(template)) return fillPlaceholders(template, values);
  const escaped = Object.entries(values).map(([name, value]) => [name, JSON.stringify(value).slice(1, -1)]);
  return fillPlaceholders(template, Object.fromEntries(escaped));
}

function looksLikeJson(text: string): boolean {
  return /^\s*[{[]/.test(text);
}
