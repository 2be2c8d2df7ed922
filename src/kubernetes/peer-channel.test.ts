import { createHmac } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { PeerClient, type PeerMessage, PeerServer } from './peer-channel.ts';

const SECRET = Buffer.alloc(32, 7);
const received: PeerMessage[] = [];
const open: { close(): void | Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
  received.length = 0;
});

async function listen(): Promise<string> {
  const server = await PeerServer.listen({ address: '127.0.0.1:0', secret: SECRET }, (message) =>
    received.push(message),
  );
  open.push(server);
  return `127.0.0.1:${server.port}`;
}

function client(secret = SECRET): PeerClient {
  const made = new PeerClient(secret, 'a');
  open.push(made);
  return made;
}

async function post(address: string, body: string, signature: string): Promise<number> {
  const headers = { 'x-penstock-signature': signature };
  return (await fetch(`http://${address}/peers/v1/report`, { method: 'POST', body, headers })).status;
}

it('what a replica tells arrives as it was', async () => {
  const address = await listen();
  const sender = client();
  await sender.tell(address, { loads: [1] });
  await sender.tell(address, { loads: [2] });
  expect(received.map(({ from, body }) => [from, body])).toEqual([
    ['a', { loads: [1] }],
    ['a', { loads: [2] }],
  ]);
});

it('who does not know the secret is refused', async () => {
  const address = await listen();
  await expect(client(Buffer.alloc(32, 8)).tell(address, {})).rejects.toThrow('it answers 403');
  expect(await post(address, '{}', '')).toBe(403);
  expect(received).toEqual([]);
});

it('what is sent once more by somebody else is refused', async () => {
  const address = await listen();
  const body = JSON.stringify({ from: 'a', number: 5, body: {} });
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
  expect(await post(address, body, signature)).toBe(204);
  expect(await post(address, body, signature)).toBe(409);
  expect(received).toHaveLength(1);
});

it('another path is not found', async () => {
  const address = await listen();
  expect((await fetch(`http://${address}/`)).status).toBe(404);
});
