import { expect, test } from 'vitest';
import { connectModel, floats } from '../../src/model-server/client.ts';
import { until } from '../../src/model-server/testdata/started-server.ts';
import { freePort } from './free-port.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { HEALTH_INTERVAL_MS, startSidecar } from './sidecar.ts';

const REQUESTS_PER_SECOND = 500;
const VERSIONS = ['v1', 'v2'];
const image = floats('image', [1, 64], new Array<number>(64).fill(3));

test('both versions are replaced behind a sidecar at 500 requests/s, and no call fails', async () => {
  const ports = [await freePort(), await freePort()];
  // Long enough for the sidecar to have seen that the server is no longer ready.
  const drain = ['--drain-delay', `${5 * HEALTH_INTERVAL_MS}ms`, '--max-queue', '10000'];
  await using running = new AsyncDisposableStack();
  const start = async (port: number) =>
    running.use(
      await startServerProcess(
        '--grpc-port',
        `${port}`,
        '--model',
        'digits:v1',
        '--model',
        'digits:v2',
        ...drain,
      ),
    );
  const servers: ServerProcess[] = await Promise.all(ports.map(start));
  await using sidecar = await startSidecar(ports, await freePort());
  const healthy = async () =>
    Number(
      /membership_healthy: (\d+)/.exec(
        await sidecar.admin('/stats?filter=cluster.models.membership_healthy'),
      )?.[1],
    );
  await until(async () => (await healthy()) === 2);

  const client = connectModel(`127.0.0.1:${sidecar.port}`);
  const failures: string[] = [];
  const answered = new Map(VERSIONS.map((version) => [version, 0]));
  const pending = new Set<Promise<void>>();
  let sent = 0;
  const startedMs = performance.now();
  const load = setInterval(() => {
    // As many as are due by now: a late timer sends more at once, and the rate holds.
    const due = Math.floor(((performance.now() - startedMs) / 1_000) * REQUESTS_PER_SECOND);
    for (; sent < due; sent++) {
      const version = VERSIONS[sent % 2] ?? '';
      const call = client
        .infer({ model: 'digits', version, inputs: [image], timeoutMs: 60_000 })
        .then(
          (answer) => void answered.set(answer.version, (answered.get(answer.version) ?? 0) + 1),
          (error: Error) => void failures.push(error.message),
        )
        .finally(() => pending.delete(call));
      pending.add(call);
    }
  }, 2);

  for (const [index, port] of ports.entries()) {
    expect(await servers[index]?.stop()).toBe(0);
    servers[index] = await start(port);
    await until(async () => (await healthy()) === 2);
  }
  clearInterval(load);
  const seconds = (performance.now() - startedMs) / 1_000;
  await Promise.all(pending);
  client.close();

  expect(failures).toEqual([]);
  expect([...answered.values()].reduce((sum, count) => sum + count)).toBe(sent);
  expect(sent / seconds).toBeGreaterThan(0.8 * REQUESTS_PER_SECOND);
  expect(Math.min(...answered.values())).toBeGreaterThan(0.4 * sent);
});

test('Envoy learns from the header that a server is degraded, and prefers the other', async () => {
  const ports = [await freePort(), await freePort()] as const;
  const start = (port: number, ...options: string[]) =>
    startServerProcess('--grpc-port', `${port}`, '--model', 'digits:v1', ...options);
  await using _healthy = await start(ports[0]);
  await using _degraded = await start(ports[1], '--degraded-above', '0.0001', '--recovered-below', '0');
  await using sidecar = await startSidecar(ports, await freePort());
  const client = connectModel(`127.0.0.1:${sidecar.port}`);
  const ask = () => client.infer({ model: 'digits', inputs: [image] });
  const known = async () => (await sidecar.admin('/stats?filter=membership_degraded')).includes(': 1');

  await until(async () => {
    await ask().catch(() => undefined);
    return known();
  }, 15_000);
  const answers = await Promise.all(Array.from({ length: 40 }, ask));
  expect(answers.filter(({ headers }) => headers.get('x-envoy-degraded').length > 0).length).toBe(0);
  client.close();
});
