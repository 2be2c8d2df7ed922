import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { floats } from '../../src/model-server/client.ts';
import { encryptModel, NONCE_BYTES } from '../../src/model-server/repository/encryption.ts';
import {
  SHIPPED_MODELS,
  type StartedServer,
  startServer,
  temporaryFolder,
  until,
} from '../../src/model-server/testdata/started-server.ts';
import { freePort } from './free-port.ts';
import { type RunningPeer, startPeer } from './peers.ts';

const ACCESS = { AWS_ACCESS_KEY_ID: 'tester', AWS_SECRET_ACCESS_KEY: 'tester-secret' };
const image = floats('image', [1, 64], new Array<number>(64).fill(3));
const ask = ({ client }: StartedServer, version?: string) =>
  client.infer({ model: 'digits', inputs: [image], ...(version !== undefined && { version }) });

describe('models in S3-compatible storage', () => {
  let data: Awaited<ReturnType<typeof temporaryFolder>>;
  let storage: RunningPeer;
  let endpoint: string;

  const startStorage = async (port: number) =>
    startPeer(
      'versitygw',
      ['--port', `127.0.0.1:${port}`, 'posix', data.path],
      { ROOT_ACCESS_KEY: ACCESS.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: ACCESS.AWS_SECRET_ACCESS_KEY },
      async () => (await fetch(endpoint)).status > 0,
    );
  const store = async (version: string, shipped = version) => {
    const folder = join(data.path, 'models', 'prod', 'digits', version);
    await mkdir(folder, { recursive: true });
    await copyFile(join(SHIPPED_MODELS, 'digits', shipped, 'model.onnx'), join(folder, 'model.onnx'));
    return folder;
  };
  const start = (...options: string[]) =>
    startServer('--model-repository', 's3://models/prod', '--s3-endpoint', endpoint, ...options);

  beforeAll(async () => {
    Object.assign(process.env, ACCESS);
    data = await temporaryFolder();
    const port = await freePort();
    endpoint = `http://127.0.0.1:${port}`;
    await store('v1');
    storage = await startStorage(port);
  });
  afterAll(async () => {
    await storage.stop();
    await data[Symbol.asyncDispose]();
  });

  test('are fetched and served, and a new version is taken up by polling', async () => {
    await using started = await start('--poll', '200ms');
    expect((await ask(started)).version).toBe('v1');
    await store('v2');
    await until(async () => (await ask(started)).version === 'v2', 15_000);
  });

  test('are checked against their checksum', async () => {
    const folder = await store('damaged', 'v1');
    await writeFile(join(folder, 'model.onnx.sha256'), `${'0'.repeat(64)}  model.onnx\n`);
    const sum = createHash('sha256').update(await readFile(join(SHIPPED_MODELS, 'digits/v1/model.onnx')));
    await writeFile(join(await store('whole', 'v1'), 'model.onnx.sha256'), sum.digest('hex'));
    await using started = await start('--version-policy', 'all');
    await expect(ask(started, 'damaged')).rejects.toMatchObject({
      details: expect.stringContaining('is damaged'),
    });
    await expect(ask(started, 'whole')).resolves.toMatchObject({ version: 'whole' });
  });

  test('lie encrypted on the disk of the server, too', async () => {
    await using fetched = await temporaryFolder();
    const key = randomBytes(32);
    const folder = join(data.path, 'models', 'prod', 'digits', 'secret');
    await mkdir(folder, { recursive: true });
    const plain = await readFile(join(SHIPPED_MODELS, 'digits/v1/model.onnx'));
    await writeFile(join(folder, 'model.onnx.enc'), encryptModel(plain, key, randomBytes(NONCE_BYTES)));
    await using started = await start(
      ...['--model', 'digits:secret', '--fetch-dir', fetched.path],
      ...['--key-command', `echo ${key.toString('hex')}`],
    );
    await expect(ask(started)).resolves.toMatchObject({ version: 'secret' });
    const files = await readdir(fetched.path, { recursive: true });
    expect(files.filter((file) => file.endsWith('model.onnx'))).toEqual([]);
    expect(files.filter((file) => file.endsWith('model.onnx.enc')).length).toBe(1);
  });

  test('are still there when the storage is not and the runner is lost', async () => {
    await using started = await start('--model', 'digits:v1');
    await storage.stop();
    process.kill(started.server.runnerPids().get('digits/v1') ?? 0, 'SIGKILL');
    await until(async () => !(await started.fetch('/readyz')).ok);
    await until(async () => (await started.fetch('/readyz')).ok);
    await expect(ask(started)).resolves.toMatchObject({ version: 'v1' });
    storage = await startStorage(Number(new URL(endpoint).port));
  });

  test.each([
    ['a wrong key', { AWS_SECRET_ACCESS_KEY: 'wrong' }, 's3://models/prod', '403'],
    ['no such bucket', {}, 's3://elsewhere', '404 The specified bucket does not exist'],
    ['nothing there', {}, 's3://models/empty', 'has no model'],
  ])('%s is said in words', async (_what, environment, location, words) => {
    Object.assign(process.env, ACCESS, environment);
    const options = ['--model-repository', location, '--s3-endpoint', endpoint];
    await expect(startServer(...options)).rejects.toThrow(words);
    Object.assign(process.env, ACCESS);
  });
});
