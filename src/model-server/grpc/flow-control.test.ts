import { connect, type Settings } from 'node:http2';
import { expect, it } from 'vitest';
import { startServer, TEST_MODELS, until } from '../testdata/started-server.ts';

it('lets a client send a megabyte of one call before it hears from the server', async () => {
  await using started = await startServer('--model-repository', TEST_MODELS, '--model', 'ragged');
  const session = connect(`http://${started.address}`);
  const told: (number | undefined)[] = [];
  session.on('remoteSettings', (settings: Settings) => told.push(settings.initialWindowSize));
  const call = session.request({
    ':method': 'POST',
    ':path': '/inference.GRPCInferenceService/ServerLive',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  call.end(Buffer.alloc(5));
  call.resume();
  await until(() => told.at(-1) === 2 ** 20);
  expect(session.state.remoteWindowSize).toBeGreaterThan(2 ** 20);
  session.close();
});
