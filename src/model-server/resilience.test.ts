import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { HealthCheckResponse_ServingStatus as ServingStatus } from '../gen/grpc/health/v1/health_pb.js';
import { floats, type ModelClient } from './client.ts';
import { watchHealth } from './testdata/health-watch.ts';
import {
  SHIPPED_MODELS,
  type StartedServer,
  startServer,
  TEST_MODELS,
  temporaryFolder,
  until,
} from './testdata/started-server.ts';

const image = floats('image', [1, 64], new Array<number>(64).fill(3));

const ready = async ({ fetch }: StartedServer) => (await fetch('/readyz')).ok;

function runnerPid({ server }: StartedServer, version = 'v1'): number {
  const pid = server.runnerPids().get(`digits/${version}`);
  if (pid === undefined) throw new Error('there is no runner');
  return pid;
}

/** Keeps so many calls in flight until stopped; tells how each ended. */
function keepCalling(client: ModelClient, inFlight: number) {
  const ended: (status | 'OK')[] = [];
  let going = true;
  const callers = Array.from({ length: inFlight }, async () => {
    while (going) {
      const outcome = await client.infer({ model: 'digits', inputs: [image], timeoutMs: 20_000 }).then(
        () => 'OK' as const,
        (error: ServiceError) => error.code,
      );
      ended.push(outcome);
      if (outcome !== 'OK') await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  return {
    ended,
    async stop() {
      going = false;
      await Promise.all(callers);
      return ended;
    },
  };
}

describe('a runner that is lost under load', () => {
  it.for([
    ['killed', 'SIGKILL'],
    ['stopped', 'SIGSTOP'],
  ] as const)(
    '%s: not serving within 2 s, calls get UNAVAILABLE, serving again within 5 s',
    async ([, signal], { annotate }) => {
      await using started = await startServer('--model-repository', SHIPPED_MODELS, '--model', 'digits:v1');
      const calls = keepCalling(started.client, 16);
      await until(() => calls.ended.length > 100);
      const pid = runnerPid(started);
      const watches = ['', 'digits', 'digits/v1'].map((name) => watchHealth(started.address, name));
      await until(() => watches.every(({ seen }) => seen.length === 1));

      const lostMs = performance.now();
      process.kill(pid, signal);
      expect(await until(async () => !(await ready(started)))).toBeLessThan(2_000);
      expect(await until(() => ready(started))).toBeLessThan(5_000);
      await until(() => watches.every(({ seen }) => seen.length === 3));
      for (const { seen, close } of watches) {
        const [before, lost, again] = seen.map((change) => change.status);
        expect([before, lost, again]).toEqual([
          ServingStatus.SERVING,
          ServingStatus.NOT_SERVING,
          ServingStatus.SERVING,
        ]);
        const [, downMs = Number.NaN, upMs = Number.NaN] = seen.map(({ atMs }) => atMs - lostMs);
        expect(downMs).toBeLessThan(2_000);
        expect(upMs).toBeLessThan(5_000);
        await annotate(`NOT_SERVING after ${downMs.toFixed(0)} ms, SERVING after ${upMs.toFixed(0)} ms`);
        close();
      }
      const before = calls.ended.length;
      await until(() => calls.ended.slice(before).filter((outcome) => outcome === 'OK').length > 100);

      expect(new Set(await calls.stop())).toEqual(new Set(['OK', status.UNAVAILABLE]));
      expect(runnerPid(started)).not.toBe(pid);
      expect(await started.metric('model_runner_restarts_total')).toBe(1);
    },
  );

  it('is found when it is idle, too', async () => {
    await using started = await startServer('--model-repository', SHIPPED_MODELS, '--model', 'digits:v1');
    const pid = runnerPid(started);
    process.kill(pid, 'SIGSTOP');
    await until(async () => !(await ready(started)), 2_000);
    await until(() => ready(started), 5_000);
    expect(runnerPid(started)).not.toBe(pid);
  });
});

describe('a model that cannot be served', () => {
  it.each([
    ['cut off', async (path: string) => writeFile(path, 'not a model'), 'Protobuf parsing failed'],
    ['empty', async (path: string) => writeFile(path, ''), ''],
    [
      'too large for the memory',
      async (path: string) => copyFile(join(TEST_MODELS, 'greedy/v1/model.onnx'), path),
      'allocate',
    ],
    [
      'of an unknown opset',
      async (path: string) => copyFile(join(TEST_MODELS, 'future/v1/model.onnx'), path),
      'opset',
    ],
  ])('%s: one clear line, and the others serve', async (_what, write, words) => {
    await using folder = await temporaryFolder();
    for (const version of ['v1', 'v2'])
      await mkdir(join(folder.path, 'digits', version), { recursive: true });
    await copyFile(join(SHIPPED_MODELS, 'digits/v1/model.onnx'), join(folder.path, 'digits/v1/model.onnx'));
    await write(join(folder.path, 'digits/v2/model.onnx'));
    await using started = await startServer('--model-repository', folder.path, '--version-policy', 'all');

    await expect(started.client.infer({ model: 'digits', inputs: [image] })).resolves.toMatchObject({
      version: 'v1',
    });
    await expect(
      started.client.infer({ model: 'digits', version: 'v2', inputs: [image] }),
    ).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining(words),
    });
    const lines = started.log.filter(({ level }) => Number(level) >= 50);
    expect(lines).toEqual([
      expect.objectContaining({ model: 'digits', version: 'v2', state: 'UNAVAILABLE' }),
    ]);
    expect(await ready(started)).toBe(true);
  });

  it('is told at once when it is the only one', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'digits/v1'), { recursive: true });
    await writeFile(join(folder.path, 'digits/v1/model.onnx'), 'not a model');
    await expect(startServer('--model-repository', folder.path)).rejects.toThrow('no model could be loaded');
  });

  it.each([
    ['no such folder', [], 'cannot be read'],
    ['no such model', ['--model', 'cats'], 'has no model "cats"'],
    ['no such version', ['--model', 'digits:v7'], 'its versions: mislabelled, v1, v2'],
  ])('%s: said before anything starts', async (_what, options, words) => {
    const repository = options.length === 0 ? join(SHIPPED_MODELS, 'nowhere') : SHIPPED_MODELS;
    await expect(startServer('--model-repository', repository, ...options)).rejects.toThrow(words);
  });
});

it('says which port is in use', async () => {
  await using started = await startServer('--model-repository', SHIPPED_MODELS, '--model', 'digits:v1');
  const options = ['--model-repository', SHIPPED_MODELS, '--model', 'digits:v1'];
  const { grpcPort, httpPort } = started.server;
  await expect(startServer(...options, '--grpc-port', `${grpcPort}`)).rejects.toThrow(
    `gRPC on 127.0.0.1:${grpcPort}: the port is in use`,
  );
  await expect(startServer(...options, '--http-port', `${httpPort}`)).rejects.toThrow(
    `HTTP on 127.0.0.1:${httpPort}: the port is in use`,
  );
});

describe('a queue', () => {
  it('refuses what it has no room for, and answers the rest', async () => {
    await using started = await startServer(
      ...['--model-repository', SHIPPED_MODELS, '--model', 'digits:v1'],
      ...['--max-queue', '20', '--max-batch-size', '1'],
    );
    const calls = Array.from({ length: 100 }, () =>
      started.client.infer({ model: 'digits', inputs: [image] }).then(
        () => 'OK',
        (error: ServiceError) => error.code,
      ),
    );
    const outcomes = await Promise.all(calls);
    expect(new Set(outcomes)).toEqual(new Set(['OK', status.RESOURCE_EXHAUSTED]));
    expect(outcomes.filter((outcome) => outcome === 'OK').length).toBeGreaterThanOrEqual(20);
    expect(await started.metric('model_in_flight')).toBe(0);
  });
});

it('drains without losing a call', async () => {
  const started = await startServer('--model-repository', SHIPPED_MODELS, '--model', 'compute-bound');
  const input = floats('input', [1, 64, 256], new Array<number>(64 * 256).fill(0.5));
  const calls = Array.from({ length: 40 }, () =>
    started.client.infer({ model: 'compute-bound', inputs: [input] }),
  );
  await until(
    async () =>
      (await started.metric('model_in_flight')) === 40 ||
      (await started.metric('model_batch_rows_count')) > 0,
  );
  const [answers] = await Promise.all([Promise.all(calls), started.server.close()]);
  expect(answers.length).toBe(40);
  started.client.close();
});
