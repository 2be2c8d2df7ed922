import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Hook, postHook } from './post-hook.ts';
import { Receiver } from './receiver-fixture.ts';

const AT_ONCE = { firstMs: 1, longestMs: 4 };
const NEVER = new AbortController().signal;

describe('posting to a receiver', () => {
  let receiver: Receiver;
  let url: string;
  beforeEach(async () => {
    receiver = new Receiver();
    url = `${await receiver.listen()}/hook?token=secret`;
  });
  afterEach(() => receiver.close());

  const hook = (given: Partial<Hook> = {}): Hook => ({ url, timeout: 2000, retries: 3, ...given });
  const post = (given: Partial<Hook> = {}) => postHook(hook(given), '{"a":"ü"}', NEVER, AT_ONCE);

  it('hands on status and body of the first answer', async () => {
    receiver.reply = () => ({ status: 403, body: 'not today' });
    expect(await post()).toEqual({ kind: 'answer', status: 403, body: 'not today' });
    expect(receiver.received).toMatchObject([
      { body: '{"a":"ü"}', headers: { 'content-type': 'application/json' } },
    ]);
  });

  it('signs the body with the key of the file, without the white space at its end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'penstock-key-'));
    const file = join(folder, 'key');
    await writeFile(file, 'k3y\n');
    await post({ secret: { file } });
    await rm(folder, { recursive: true });
    const signature = createHmac('sha256', 'k3y').update('{"a":"ü"}').digest('hex');
    expect(receiver.received[0]?.headers['x-penstock-signature']).toBe(signature);
  });

  it('says what is missing when the key cannot be read, and sends nothing unsigned', async () => {
    const delivery = await post({ secret: { env: 'PENSTOCK_NO_SUCH_KEY' }, retries: 0 });
    expect(delivery).toMatchObject({ kind: 'failure', message: expect.stringContaining('is not set') });
    expect(receiver.received).toEqual([]);
  });

  it('tries again while the receiver cannot, as the same delivery', async () => {
    receiver.reply = (_, count) => ({ status: [503, 429, 200][count - 1] ?? 500 });
    expect(await post()).toMatchObject({ kind: 'answer', status: 200 });
    const ids = receiver.received.map(({ headers }) => headers['x-penstock-delivery']);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
  });

  it('gives up after the retries, and names the host without the token', async () => {
    receiver.reply = () => ({ status: 500 });
    const { host } = new URL(url);
    expect(await post({ retries: 2 })).toEqual({ kind: 'failure', message: `${host}: it answers 500` });
    expect(receiver.received).toHaveLength(3);
  });

  it('waits no longer than the timeout', async () => {
    receiver.reply = () => 'hang';
    const delivery = await post({ timeout: 50, retries: 1 });
    expect(delivery).toMatchObject({ message: expect.stringContaining('no answer within 0.05 s') });
    expect(receiver.received).toHaveLength(2);
  });

  it('follows no redirect', async () => {
    receiver.reply = () => ({ status: 307 });
    expect(await post()).toMatchObject({ kind: 'answer', status: 307 });
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hook?token=secret']);
  });

  it('tells why nobody is there', async () => {
    const gone = new Receiver();
    const nobody = await gone.listen();
    await gone.close();
    const delivery = await post({ url: nobody, retries: 0 });
    expect(delivery).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') });
  });

  it('stops when it is given up', async () => {
    receiver.reply = () => 'hang';
    const given = new AbortController();
    const delivery = postHook(hook(), '{}', given.signal, AT_ONCE);
    setTimeout(() => given.abort(), 30);
    expect(await delivery).toMatchObject({ kind: 'failure' });
    expect(receiver.received).toHaveLength(1);
  });
});
