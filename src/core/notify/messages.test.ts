import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { EventHook } from '../api/webhook.ts';
import type { Message, Post } from './message.ts';
import { messagesOf } from './messages.ts';
import { type Notice, noticeOf } from './notice.ts';
import { hookOf, NOON, recovered, tripNotice, tripped } from './notice-fixture.ts';

function messages(
  hook: Partial<EventHook>,
  {
    secret,
    notices = [tripNotice()],
    dropped = 0,
  }: { secret?: string; notices?: Notice[]; dropped?: number } = {},
): readonly Message[] {
  return messagesOf({ hook: hookOf(hook), secret, group: { notices, dropped }, nowMs: NOON });
}

function post(...given: Parameters<typeof messages>): Post & { readonly json: unknown } {
  const [message] = messages(...given);
  if (message?.kind !== 'post') throw new Error('not a post');
  return { ...message, json: JSON.parse(message.body) };
}

const TITLE = 'CRITICAL: Breaker/default/fraud ErrorThreshold';
const LINE = '12:00:01Z Breaker/default/fraud ErrorThreshold: 12 of 20 failed (60 %, 50 % opens)';

describe('generic', () => {
  it('is every field of every event, signed over the body', () => {
    const { json, headers, body } = post({}, { secret: 'key' });
    expect(json).toEqual({
      sentAt: NOON,
      dropped: 0,
      events: [
        {
          id: 1,
          at: NOON + 1000,
          time: '2026-03-01T12:00:01.000Z',
          severity: 'critical',
          resolved: false,
          subject: 'Breaker/default/fraud',
          service: 'default/fraud',
          reason: 'ErrorThreshold',
          message: '12 of 20 failed (60 %, 50 % opens)',
          actor: 'penstock',
          change: { before: 'CLOSED', after: 'OPEN' },
          evidence: { requests: 20, failures: 12 },
        },
      ],
    });
    expect(headers).toEqual({
      'content-type': 'application/json; charset=utf-8',
      'x-penstock-delivery': '1',
      'x-penstock-signature': createHmac('sha256', 'key').update(body).digest('hex'),
    });
  });

  it('is by a template one request for each event, escaped where it is JSON', () => {
    const notice = { ...tripNotice(), message: 'a "b"\n{{actor}}' };
    const template = '{"text": "{{severity}} {{ subject }}: {{message}}"}';
    const sent = messages({ template }, { notices: [notice, tripNotice(2)] });
    expect(sent.map((each) => each.kind === 'post' && JSON.parse(each.body))).toEqual([
      { text: 'critical Breaker/default/fraud: a "b"\n{{actor}}' },
      { text: 'critical Breaker/default/fraud: 12 of 20 failed (60 %, 50 % opens)' },
    ]);
  });

  it('is by another template plain text', () => {
    const [message] = messages({ template: '{{reason}}: {{message}}' });
    expect(message).toMatchObject({
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: 'ErrorThreshold: 12 of 20 failed (60 %, 50 % opens)',
    });
  });

  it('has the secret in the address where the address asks for it', () => {
    const { url } = post({ url: 'https://h/{{secret}}?a=b' }, { secret: 'T0/B0/x y' });
    expect(url).toBe('https://h/T0/B0/x%20y?a=b');
  });
});

it('Slack gets a header, a section, and nothing that Slack would read as a mention', () => {
  const notice = { ...tripNotice(), message: '<!channel> & more' };
  expect(post({ format: 'slack' }, { notices: [notice], dropped: 2 }).json).toEqual({
    text: `${TITLE} (and 2 more)`,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: `${TITLE} (and 2 more)` } },
      {
        type: 'section',
        text: {
          type: 'mrkdwn',
          text: '• 12:00:01Z Breaker/default/fraud ErrorThreshold: &lt;!channel&gt; &amp; more\n• 2 earlier ones were dropped: too many waited',
        },
      },
    ],
  });
});

it('Teams gets an adaptive card', () => {
  expect(post({ format: 'teams' }).json).toEqual({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body: [
            {
              type: 'TextBlock',
              text: TITLE,
              wrap: true,
              weight: 'Bolder',
              size: 'Medium',
              color: 'Attention',
            },
            { type: 'TextBlock', text: LINE, wrap: true, spacing: 'Small' },
          ],
        },
      },
    ],
  });
});

it('DingTalk gets markdown, signed as its robots want it', () => {
  const url = 'https://oapi.example.com/robot/send?access_token=a';
  const message = post({ format: 'dingtalk', url }, { secret: 'SEC0' });
  expect(message.json).toEqual({
    msgtype: 'markdown',
    markdown: { title: TITLE, text: `#### ${TITLE}\n- ${LINE}` },
  });
  const sent = new URL(message.url).searchParams;
  expect(sent.get('access_token')).toBe('a');
  expect(sent.get('timestamp')).toBe(String(NOON));
  expect(sent.get('sign')).toBe(createHmac('sha256', 'SEC0').update(`${NOON}\nSEC0`).digest('base64'));
});

it('WeCom gets markdown of at most 4096 bytes', () => {
  expect(post({ format: 'wecom' }).json).toEqual({
    msgtype: 'markdown',
    markdown: { content: `**${TITLE}**\n> ${LINE}` },
  });
  const long = { ...tripNotice(), message: '失败'.repeat(2_000) };
  const { json } = post({ format: 'wecom' }, { notices: [long] });
  const { content } = (json as { markdown: { content: string } }).markdown;
  expect(Buffer.byteLength(content)).toBeLessThanOrEqual(4_096);
  expect(content.endsWith('败…') || content.endsWith('失…')).toBe(true);
});

it('PagerDuty gets an event for each notice, and the recovery resolves what the trip triggered', () => {
  const notices = [tripNotice(1), noticeOf(recovered(2))];
  const sent = messages({ format: 'pagerduty' }, { secret: 'routing', notices });
  expect(sent.map((each) => each.kind === 'post' && JSON.parse(each.body))).toEqual([
    {
      routing_key: 'routing',
      dedup_key: 'penstock/Breaker/default/fraud',
      event_action: 'trigger',
      client: 'Penstock',
      payload: {
        summary: 'Breaker/default/fraud ErrorThreshold: 12 of 20 failed (60 %, 50 % opens)',
        source: 'default/fraud',
        severity: 'critical',
        timestamp: '2026-03-01T12:00:01.000Z',
        component: 'Breaker/default/fraud',
        group: 'default/fraud',
        class: 'ErrorThreshold',
        custom_details: { actor: 'penstock', change: { before: 'CLOSED', after: 'OPEN' } },
      },
    },
    { routing_key: 'routing', dedup_key: 'penstock/Breaker/default/fraud', event_action: 'resolve' },
  ]);
});

it('a mailbox gets plain text', () => {
  const mail = { from: 'penstock@example.com', to: ['ada@example.com'] };
  const notices = [tripNotice(1), noticeOf({ ...tripped(2), actor: 'ada' })];
  const sent = messages({ format: 'email', url: 'smtp://bot@[::1]:2525', mail }, { secret: 'pw', notices });
  expect(sent).toEqual([
    {
      kind: 'mail',
      server: { host: '::1', port: 2525, secure: false, user: 'bot', password: 'pw' },
      ...mail,
      messageId: `<penstock.${NOON + 1000}.1.2@example.com>`,
      subject: `[Penstock] ${TITLE} (and 1 more)`,
      text: `${LINE}\n12:00:02Z ${LINE.slice(10)} (by ada)\n`,
    },
  ]);
});

it.each([
  ['smtp://mail.example.com', 587, false],
  ['smtps://mail.example.com', 465, true],
])('%s is port %i', (url, port, secure) => {
  const mail = { from: 'a@b', to: ['c@d'] };
  expect(messages({ format: 'email', url, mail })[0]).toMatchObject({ server: { port, secure } });
});
