import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { floats } from '../client.ts';
import {
  SHIPPED_MODELS,
  type StartedServer,
  startServer,
  temporaryFolder,
  until,
} from '../testdata/started-server.ts';
import { encryptModel, NONCE_BYTES } from './encryption.ts';

const image = floats('image', [1, 64], new Array<number>(64).fill(3));
const ask = ({ client }: StartedServer, version?: string) =>
  client.infer({ model: 'digits', inputs: [image], ...(version !== undefined && { version }) });

/** Puts one of the shipped digit models into a repository, under any version. */
async function store(root: string, version: string, shipped = version): Promise<string> {
  const folder = join(root, 'digits', version);
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'model.onnx');
  await copyFile(join(SHIPPED_MODELS, 'digits', shipped, 'model.onnx'), `${path}.new`);
  await rename(`${path}.new`, path);
  return path;
}

const checksum = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

describe('a repository that changes', () => {
  it('has a new version taken up by itself, and the old one drained, without a failed call', async () => {
    await using folder = await temporaryFolder();
    await store(folder.path, 'v1');
    await using started = await startServer('--model-repository', folder.path, '--poll', '100ms');
    const versions: string[] = [];
    let going = true;
    const caller = (async () => {
      while (going) versions.push((await ask(started)).version);
    })();
    await until(() => versions.length > 5);
    await store(folder.path, 'v2');
    await until(() => versions.at(-1) === 'v2');
    await until(async () => (await started.metric('model_state', { version: 'v1', state: 'READY' })) === 0);
    going = false;
    await caller;
    await expect(ask(started, 'v1')).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('has a version replaced in place once the new content is warm', async () => {
    await using folder = await temporaryFolder();
    await store(folder.path, 'live', 'v1');
    await using started = await startServer('--model-repository', folder.path, '--poll', '100ms');
    const scores = async () =>
      (await ask(started)).outputs.find(({ name }) => name === 'probabilities')?.data;
    const before = await scores();
    await store(folder.path, 'live', 'v2');
    await until(
      async () => Buffer.compare((await scores()) ?? Buffer.alloc(0), before ?? Buffer.alloc(0)) !== 0,
    );
  });

  it('keeps what works when what comes is broken', async () => {
    await using folder = await temporaryFolder();
    const path = await store(folder.path, 'v1');
    await using started = await startServer('--model-repository', folder.path, '--poll', '100ms');
    await writeFile(path, 'not a model');
    await mkdir(join(folder.path, 'digits/v2'));
    await writeFile(join(folder.path, 'digits/v2/model.onnx'), 'not a model either');
    await until(() => started.log.some(({ version, state }) => version === 'v2' && state === 'UNAVAILABLE'));
    await expect(ask(started)).resolves.toMatchObject({ version: 'v1' });
    await rm(join(folder.path, 'digits'), { recursive: true });
    await expect(ask(started)).resolves.toMatchObject({ version: 'v1' });
  });

  it('is loaded from and unloaded by hand, over REST', async () => {
    await using started = await startServer(
      '--model-repository',
      SHIPPED_MODELS,
      '--model',
      'digits:v1',
      '--poll',
      '50ms',
    );
    const post = (path: string, body = '') =>
      started.fetch(`/v2/repository/${path}`, { method: 'POST', body });
    expect((await post('models/digits/unload')).status).toBe(200);
    await expect(ask(started)).rejects.toMatchObject({ code: status.NOT_FOUND });
    expect((await started.fetch('/v2/health/ready')).status).toBe(503);
    expect(await (await post('index')).json()).toContainEqual({
      ...{ name: 'digits', version: 'v1', state: 'UNAVAILABLE', reason: 'unloaded' },
    });
    expect((await post('models/digits/load')).status).toBe(200);
    await expect(ask(started)).resolves.toMatchObject({ version: 'v1' });
    const both = JSON.stringify({ parameters: { versions: 'v1,v2' } });
    expect((await post('models/digits/load', both)).status).toBe(200);
    await expect(ask(started)).resolves.toMatchObject({ version: 'v2' });
    await expect(ask(started, 'v1')).resolves.toMatchObject({ version: 'v1' });
    expect((await post('models/cats/load')).status).toBe(404);
  });
});

describe('a checksum', () => {
  it('lets a model be served that it fits, and no other', async () => {
    await using folder = await temporaryFolder();
    for (const version of ['v1', 'v2']) {
      const path = await store(folder.path, version);
      await writeFile(`${path}.sha256`, `${await checksum(path)}  model.onnx\n`);
    }
    const path = join(folder.path, 'digits/v2/model.onnx');
    const bytes = await readFile(path);
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await using started = await startServer('--model-repository', folder.path, '--version-policy', 'all');
    await expect(ask(started, 'v1')).resolves.toMatchObject({ version: 'v1' });
    await expect(ask(started, 'v2')).rejects.toMatchObject({
      details: expect.stringContaining('is damaged: its SHA-256 is'),
    });
  });
});

describe('an encrypted model', () => {
  const keep = async (root: string, version: string, key: Uint8Array) => {
    const path = await store(root, version);
    await writeFile(`${path}.enc`, encryptModel(await readFile(path), key, randomBytes(NONCE_BYTES)));
    await rm(path);
  };

  it.each([
    [
      'a file',
      async (key: string, folder: string) => {
        await writeFile(join(folder, 'key'), key);
        return ['--key-file', join(folder, 'key')];
      },
    ],
    [
      'the environment',
      async (key: string) => {
        process.env.MODEL_KEY = key;
        return ['--key-env', 'MODEL_KEY'];
      },
    ],
    ['a command', async (key: string) => ['--key-command', `echo ${key}`]],
  ])('is served with its key from %s, and never lies on the disk in the clear', async (_source, give) => {
    await using folder = await temporaryFolder();
    await using keys = await temporaryFolder();
    const key = randomBytes(32);
    await keep(folder.path, 'v1', key);
    const options = await give(key.toString('hex'), keys.path);
    await using started = await startServer('--model-repository', folder.path, ...options);
    await expect(ask(started)).resolves.toMatchObject({ version: 'v1' });
    expect(await readdir(join(folder.path, 'digits/v1'))).toEqual(['model.onnx.enc']);
  });

  it.each([
    [
      'the wrong key',
      ['--key-command', `echo ${'0'.repeat(64)}`],
      'it is the wrong key, or the file is damaged',
    ],
    ['no key', [], 'is encrypted; give a key'],
    ['a key that is none', ['--key-command', 'echo secret'], 'is not a key: expected 32 bytes'],
    ['a key service that is down', ['--key-command', 'false'], 'the key command gives no key'],
  ])('is refused with %s; the others serve', async (_what, options, words) => {
    await using folder = await temporaryFolder();
    await store(folder.path, 'v1');
    await keep(folder.path, 'v2', randomBytes(32));
    await using started = await startServer(
      '--model-repository',
      folder.path,
      '--version-policy',
      'all',
      ...options,
    );
    await expect(ask(started, 'v1')).resolves.toMatchObject({ version: 'v1' });
    await expect(ask(started, 'v2')).rejects.toMatchObject({ details: expect.stringContaining(words) });
    expect(started.log.filter(({ level }) => Number(level) >= 50).length).toBe(1);
  });
});
