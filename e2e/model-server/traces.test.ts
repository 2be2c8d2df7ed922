import { expect, test } from 'vitest';
import { connectModel, floats } from '../../src/model-server/client.ts';
import { until } from '../../src/model-server/testdata/started-server.ts';
import { startCollector } from '../trace-collector.ts';
import { freePort } from './free-port.ts';
import { startServerProcess } from './server-process.ts';
import { startSidecar } from './sidecar.ts';

test("the server's spans are under those of the sidecar that brought the call", async () => {
  using collector = await startCollector();
  const port = await freePort();
  await using _server = await startServerProcess(
    ...['--grpc-port', `${port}`, '--model', 'digits:v1'],
    ...['--otlp-endpoint', `http://127.0.0.1:${collector.port}`],
  );
  await using sidecar = await startSidecar([port], await freePort(), collector.port);
  await until(async () =>
    (await sidecar.admin('/stats?filter=models.membership_healthy')).includes('healthy: 1'),
  );
  const client = connectModel(`127.0.0.1:${sidecar.port}`);
  const image = floats('image', [1, 64], new Array<number>(64).fill(3));
  await Promise.all(Array.from({ length: 5 }, () => client.infer({ model: 'digits', inputs: [image] })));
  client.close();

  const calls = () => collector.server.filter(({ name }) => name.endsWith('ModelInfer'));
  await until(() => calls().length === 5 && collector.sidecar.length >= 5, 20_000);
  expect(new Set(calls().map(({ traceId }) => traceId)).size).toBe(5);
  for (const { traceId, parentSpanId, spanId } of calls()) {
    expect(collector.sidecar).toContainEqual(expect.objectContaining({ traceId, spanId: parentSpanId }));
    const parts = collector.server.filter((span) => span.parentSpanId === spanId);
    expect(parts.map(({ name }) => name)).toEqual(['queue', 'compute']);
  }
});
