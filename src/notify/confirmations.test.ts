import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Question } from '../core/decide/confirmation.ts';
import { Confirmations } from './confirmations.ts';
import { Receiver } from './receiver-fixture.ts';

const SERVICE = 'default/fraud';
const KEY = 'confirm-step/0.1';

describe('asking receivers', () => {
  const receivers: Receiver[] = [];
  const urls: string[] = [];
  let confirmations: Confirmations;
  let onAnswer = () => {};

  beforeEach(async () => {
    for (let i = 0; i < 2; i++) {
      const receiver = new Receiver();
      urls.push(await receiver.listen());
      receivers.push(receiver);
    }
    confirmations = new Confirmations({
      onAnswer: () => onAnswer(),
      askAgainMs: 30,
      pace: { firstMs: 1, longestMs: 4 },
    });
  });
  afterEach(async () => {
    confirmations.close();
    urls.length = 0;
    for (const receiver of receivers.splice(0)) await receiver.close();
  });

  const question = (i = 0, key = KEY): Question => ({
    key,
    type: 'confirm-step',
    rollout: 'default/fraud-v2',
    hook: {
      type: 'confirm-step',
      url: `${urls[i]}/ask`,
      timeout: 2000,
      retries: 1,
      format: 'generic',
    } as Question['hook'],
    payload: { key, weight: 5 },
  });
  const look = (...questions: Question[]) => confirmations.ask(SERVICE, questions, Date.now());
  const answer = () => confirmations.answers(SERVICE).get(KEY);
  const sent = (i = 0) => receivers[i]?.received.length ?? 0;

  /** Looks again and again, as the loop does. */
  async function lookUntil(condition: () => boolean, ...questions: Question[]): Promise<void> {
    for (let i = 0; i < 400 && !condition(); i++) {
      look(...questions);
      await pause(5);
    }
    expect(condition()).toBe(true);
  }

  it('never waits, and asks once however often one looks', async () => {
    let answered = 0;
    onAnswer = () => answered++;
    look(question());
    expect(answer()).toBeUndefined();
    await lookUntil(() => answer() === 'yes', question());
    for (let i = 0; i < 20; i++) look(question());
    await pause(50);
    look(question());
    expect({ sent: sent(), answered }).toEqual({ sent: 1, answered: 1 });
    expect(JSON.parse(receivers[0]?.received[0]?.body ?? '')).toEqual({ key: KEY, weight: 5 });
  });

  it('asks again after a no, which somebody may turn into a yes', async () => {
    receivers.forEach((receiver) => {
      receiver.reply = (_, count) => (count < 3 ? { status: 200, body: '{"allow":false}' } : { status: 200 });
    });
    await lookUntil(() => answer() === 'no', question());
    await lookUntil(() => answer() === 'yes', question());
    expect(sent()).toBe(3);
  });

  it('has no answer while the receiver fails, and asks again and again', async () => {
    receivers.forEach((receiver) => {
      receiver.reply = (_, count) => ({ status: count < 5 ? 500 : 200 });
    });
    await lookUntil(() => sent() >= 4, question());
    expect(answer()).toBeUndefined();
    await lookUntil(() => answer() === 'yes', question());
  });

  it('needs the yes of every receiver of a key', async () => {
    for (const receiver of receivers.slice(1)) receiver.reply = () => ({ status: 403 });
    await lookUntil(() => answer() === 'no' && sent(0) === 1, question(0), question(1));
    expect(sent(0)).toBe(1);
  });

  it('forgets a yes that is not asked for any more', async () => {
    await lookUntil(() => answer() === 'yes', question());
    look();
    expect(answer()).toBeUndefined();
    await lookUntil(() => answer() === 'yes', question());
    expect(sent()).toBe(2);
  });

  it('gives up what is asked no more', async () => {
    let answered = 0;
    onAnswer = () => answered++;
    look(question());
    look(question(1, 'confirm-step/0.2'));
    await lookUntil(
      () => confirmations.answers(SERVICE).get('confirm-step/0.2') === 'yes',
      question(1, 'confirm-step/0.2'),
    );
    expect(answered).toBe(1);
  });

  it('tells what each receiver said, once while it says the same', async () => {
    receivers.forEach((receiver) => {
      receiver.reply = (_, count) => ({ status: count <= 4 ? 503 : 200 });
    });
    await lookUntil(() => answer() === 'yes', question());
    const host = new URL(urls[0] ?? '').host;
    expect(confirmations.news()).toEqual([
      {
        rollout: 'default/fraud-v2',
        receiver: host,
        answer: undefined,
        message: `confirm-step has no answer yet; ${host}: it answers 503`,
      },
      {
        rollout: 'default/fraud-v2',
        receiver: host,
        answer: 'yes',
        message: `${host} confirmed confirm-step (200)`,
      },
    ]);
    expect(confirmations.news()).toEqual([]);
  });
});
