import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { floats } from '../../src/model-server/client.ts';
import { SHIPPED_MODELS, startServer, until } from '../../src/model-server/testdata/started-server.ts';
import { freePort } from './free-port.ts';
import { startPeer } from './peers.ts';

const image = floats('image', [1, 64], new Array<number>(64).fill(3));
const DIGITS = ['--model-repository', SHIPPED_MODELS, '--model', 'digits:v1'];

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

test('two servers share their answers in Redis, and neither needs it', async () => {
  const port = await freePort();
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const redis = await startPeer('redis', options, {}, () => answers(port));
  const flags = [...DIGITS, '--cache-redis', `redis://127.0.0.1:${port}`];
  await using first = await startServer(...flags);
  await using second = await startServer(...flags);
  const ask = ({ client }: typeof first) => client.infer({ model: 'digits', inputs: [image] });

  await until(async () => {
    await ask(first);
    return (await first.metric('model_cache_lookups_total', { result: 'hit' })) > 0;
  });
  const kept = await ask(second);
  expect(await second.metric('model_cache_lookups_total', { result: 'hit' })).toBe(1);
  expect(await second.metric('model_batch_rows_count')).toBe(0);

  await redis.stop();
  const computed = await ask(second);
  expect(await second.metric('model_batch_rows_count')).toBe(1);
  const bytes = ({ outputs }: typeof kept) => outputs.map(({ data }) => Buffer.from(data).toString('hex'));
  expect(bytes(kept)).toEqual(bytes(computed));
});
