import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TrafficPolicy } from '../core/api/traffic-policy.ts';
import type { EventHook } from '../core/api/webhook.ts';
import type { SpecIndex } from '../core/decide/spec-index.ts';
import { hookOf, recovered, tripped } from '../core/notify/notice-fixture.ts';
import { MailServer } from './mail-fixture.ts';
import { Notifier } from './notifier.ts';
import { Receiver } from './receiver-fixture.ts';

const KEY = 'PENSTOCK_NOTIFIER_TEST_KEY';
const secret = { env: KEY };

let receiver: Receiver;
let mailServer: MailServer;
let web: string;
let smtp: string;
let notifier: Notifier;
let outcomes: string[];

beforeEach(async () => {
  process.env[KEY] = 'key';
  receiver = new Receiver();
  mailServer = new MailServer();
  [web, smtp] = [await receiver.listen(), await mailServer.listen()];
  receiver.reply = () => ({ status: 200, body: '{"errcode":0}' });
  outcomes = [];
  notifier = new Notifier({
    delivered: (format, notices) => void outcomes.push(`${format} delivered ${notices}`),
    failed: (format, notices, host, why) =>
      void outcomes.push(`${format} failed ${notices} at ${host}: ${why}`),
  });
});
afterEach(async () => {
  delete process.env[KEY];
  await notifier.close();
  await receiver.close();
  await mailServer.close();
});

function specsWith(...hooks: readonly Partial<EventHook>[]): SpecIndex {
  const spec = { targetRef: { name: 'fraud' }, webhooks: hooks.map(hookOf) };
  const policy = { kind: 'TrafficPolicy', metadata: { namespace: 'default', name: 'fraud' }, spec };
  const policies = new Map([['default/fraud', policy as unknown as TrafficPolicy]]);
  return { services: new Map(), rollouts: new Map(), policies, templates: [] };
}

const until = (condition: () => boolean, timeout = 5_000) =>
  vi.waitUntil(condition, { timeout, interval: 5 });
const pathsOf = () => receiver.received.map(({ path }) => path.replace(/\?.*/, '')).sort();
const bodies = () => receiver.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

describe('a trip of a breaker', () => {
  const everyFormat = () =>
    specsWith(
      { url: `${web}/generic`, secret },
      { url: `${web}/slack/{{secret}}`, format: 'slack', secret },
      { url: `${web}/teams`, format: 'teams' },
      { url: `${web}/dingtalk?access_token=a`, format: 'dingtalk', secret },
      { url: `${web}/wecom?key={{secret}}`, format: 'wecom', secret },
      { url: `${web}/pagerduty`, format: 'pagerduty', secret },
      {
        url: smtp,
        format: 'email',
        mail: { from: 'penstock@example.com', to: ['a@example.com', 'b@example.com'] },
      },
    );

  it('reaches each format within 2 s, once, however often it is told', async () => {
    const startedAt = performance.now();
    notifier.tell([tripped()], everyFormat());
    await until(() => outcomes.length === 7);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    notifier.tell([tripped()], everyFormat());
    await notifier.close();
    expect(pathsOf()).toEqual(['/dingtalk', '/generic', '/pagerduty', '/slack/key', '/teams', '/wecom']);
    expect(mailServer.letters).toEqual([
      {
        from: 'penstock@example.com',
        to: ['a@example.com', 'b@example.com'],
        content: expect.stringMatching(
          /Subject: \[Penstock\] CRITICAL: Breaker\/default\/fraud ErrorThreshold\r\n.*12 of 20 failed/s,
        ),
      },
    ]);
    const generic = receiver.received.find(({ path }) => path === '/generic');
    expect(generic?.headers['x-penstock-signature']).toBe(
      createHmac('sha256', 'key')
        .update(generic?.body ?? '')
        .digest('hex'),
    );
  });

  it('of many services at once is one message', async () => {
    const specs = specsWith({ url: web });
    const policies = new Map([
      ...specs.policies,
      ['default/b', specs.policies.get('default/fraud') as TrafficPolicy],
    ]);
    notifier.tell([tripped(1), tripped(2, 'default/b')], { ...specs, policies });
    await until(() => outcomes.length === 1);
    expect(bodies().map(({ events }) => (events as unknown[]).length)).toEqual([2]);
  });

  it('is told before the recovery, in its own message when that comes later', async () => {
    const specs = specsWith({ url: web, format: 'pagerduty', secret });
    notifier.tell([tripped(1)], specs);
    await until(() => receiver.received.length === 1);
    notifier.tell([recovered(2)], specs);
    await until(() => receiver.received.length === 2);
    expect(bodies().map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve']);
  });
});

describe('a receiver in trouble', () => {
  it('is tried again, with the same delivery id, and then has it once', async () => {
    receiver.reply = (_, count) => ({ status: count < 3 ? 503 : 200 });
    notifier.tell([tripped()], specsWith({ url: web }));
    await until(() => outcomes.length === 1);
    expect(outcomes).toEqual(['generic delivered 1']);
    expect(receiver.received.map(({ headers }) => headers['x-penstock-delivery'])).toEqual(['1', '1', '1']);
  });

  it('is given up after its tries, without its address or its secret in what is said', async () => {
    receiver.reply = () => ({ status: 500, body: 'sorry' });
    notifier.tell([tripped()], specsWith({ url: `${web}/token/{{secret}}`, retries: 1, secret }));
    await until(() => outcomes.length === 1);
    expect(outcomes).toEqual([`generic failed 1 at ${new URL(web).host}: 500 sorry`]);
    expect(receiver.received).toHaveLength(2);
  });

  it('that refuses is not asked again', async () => {
    receiver.reply = () => ({ status: 200, body: '{"errcode":310000,"errmsg":"sign not match"}' });
    notifier.tell([tripped()], specsWith({ url: web, format: 'dingtalk', secret }));
    await until(() => outcomes.length === 1);
    expect(outcomes[0]).toMatch(/^dingtalk failed 1 .*sign not match/);
    expect(receiver.received).toHaveLength(1);
  });

  it('holds up no other, and neither who tells', async () => {
    receiver.reply = ({ path }) => (path === '/slow' ? 'hang' : { status: 200 });
    const startedAt = performance.now();
    notifier.tell([tripped()], specsWith({ url: `${web}/slow`, timeout: 60_000 }, { url: `${web}/fast` }));
    expect(performance.now() - startedAt).toBeLessThan(50);
    await until(() => outcomes.length === 1);
    expect(outcomes).toEqual(['generic delivered 1']);
  });

  it('by mail is tried again where the server says later, and not where it says never', async () => {
    const mail = { from: 'a@example.com', to: ['b@example.com'] };
    mailServer.refusals.push('451 later');
    notifier.tell([tripped(1)], specsWith({ url: smtp, format: 'email', mail }));
    await until(() => outcomes.length === 1);
    mailServer.refusals.push('550 never');
    notifier.tell([recovered(2)], specsWith({ url: smtp, format: 'email', mail }));
    await until(() => outcomes.length === 2);
    expect(outcomes).toEqual([
      'email delivered 1',
      expect.stringMatching(/^email failed 1 at 127.0.0.1:\d+: .*550 never/),
    ]);
    expect(mailServer.letters).toHaveLength(1);
  });

  it('does not get a password in the clear', async () => {
    const mail = { from: 'a@example.com', to: ['b@example.com'] };
    const url = smtp.replace('//', '//bot@');
    notifier.tell([tripped()], specsWith({ url, format: 'email', mail, secret, retries: 0 }));
    await until(() => outcomes.length === 1);
    expect(outcomes[0]).toMatch(/^email failed 1/);
    expect(mailServer.letters).toEqual([]);
  });

  it('whose secret is not there is told as such', async () => {
    delete process.env[KEY];
    notifier.tell([tripped()], specsWith({ url: web, secret, retries: 0 }));
    await until(() => outcomes.length === 1);
    expect(outcomes[0]).toMatch(new RegExp(`the environment variable ${KEY} is not set`));
  });
});

it('the end sends what waits', async () => {
  notifier.tell([tripped()], specsWith({ url: web }));
  await notifier.close();
  expect(outcomes).toEqual(['generic delivered 1']);
  expect(notifier.waiting).toBe(0);
});
