import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floats, numbersOf } from './client.ts';
import type { Datatype } from './tensors/datatypes.ts';
import { encodeNumbers } from './tensors/numbers.ts';
import { encodeTexts } from './tensors/strings.ts';
import type { Tensor } from './tensors/tensor.ts';
import { SHIPPED_MODELS, type StartedServer, startServer, TEST_MODELS } from './testdata/started-server.ts';

interface Samples {
  images: number[][];
  labels: number[];
}

describe('a server with three versions of a model', () => {
  let started: StartedServer;
  let samples: Samples;

  beforeAll(async () => {
    samples = JSON.parse(await readFile(join(SHIPPED_MODELS, 'digits-samples.json'), 'utf8')) as Samples;
    started = await startServer(
      ...['--model-repository', SHIPPED_MODELS, '--allow-faults'],
      ...['--model', 'digits:v1', '--model', 'digits:v2', '--model', 'digits:mislabelled'],
    );
  });
  afterAll(() => started[Symbol.asyncDispose]());

  const ask = (index: number, version?: string) =>
    started.client.infer({
      model: 'digits',
      ...(version !== undefined && { version }),
      inputs: [floats('image', [1, 64], samples.images[index] ?? [])],
    });

  it.each([
    ['v1', 0.97, 1],
    ['v2', 0.97, 1],
    ['mislabelled', 0.1, 0.4],
  ])('%s recognises between %d and %d of the digits', async (version, least, most) => {
    const answers = await Promise.all(samples.images.map((_, index) => ask(index, version)));
    const right = answers.filter((answer, index) => numbersOf(answer, 'label')[0] === samples.labels[index]);
    expect(right.length / answers.length).toBeGreaterThanOrEqual(least);
    expect(right.length / answers.length).toBeLessThanOrEqual(most);
    expect(await started.metric('model_requests_total', { version, code: 'OK' })).toBe(answers.length);
    expect(await started.metric('model_score_count', { version })).toBe(answers.length);
  });

  it('counts scores, so that a model that is unsure of itself shows', async () => {
    const mean = async (version: string) =>
      (await started.metric('model_score_sum', { version })) /
      (await started.metric('model_score_count', { version }));
    expect(await mean('v1')).toBeGreaterThan(0.9);
    expect(await mean('v2')).toBeGreaterThan(0.9);
    expect(await mean('mislabelled')).toBeLessThan(0.4);
  });

  it('watches scores that the caller did not ask for, and answers only what it did', async () => {
    const before = await started.metric('model_score_count', { version: 'v1' });
    const body = {
      inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 64], data: samples.images[0] }],
      outputs: [{ name: 'label' }],
    };
    const path = '/v2/models/digits/versions/v1/infer';
    const response = await started.fetch(path, { method: 'POST', body: JSON.stringify(body) });
    const { outputs } = (await response.json()) as { outputs: { name: string }[] };
    expect(outputs.map(({ name }) => name)).toEqual(['label']);
    expect(await started.metric('model_score_count', { version: 'v1' })).toBe(before + 1);
  });

  it('answers with the latest version when none is named, and says which', async () => {
    const answer = await ask(0);
    expect(answer.version).toBe('v2');
    expect(answer.headers.get('x-model-version')).toEqual(['v2']);
  });

  it.each([
    [
      'an unknown model',
      { model: 'cats', inputs: [] },
      status.NOT_FOUND,
      'model "cats" is not served; the models here: "digits"',
    ],
    [
      'an unknown version',
      { model: 'digits', version: 'v9', inputs: [] },
      status.NOT_FOUND,
      'has no version "v9"; the versions here: "mislabelled", "v1", "v2"',
    ],
    [
      'a missing input',
      { model: 'digits', inputs: [] },
      status.INVALID_ARGUMENT,
      'input "image" (FP32 [-1, 64]) is missing',
    ],
    [
      'a wrong shape',
      { model: 'digits', inputs: [floats('image', [1, 8], new Array(8).fill(0))] },
      status.INVALID_ARGUMENT,
      'expects FP32 [-1, 64], given FP32 [1, 8]',
    ],
    [
      'too many rows',
      { model: 'digits', inputs: [floats('image', [17, 64], new Array(17 * 64).fill(0))] },
      status.INVALID_ARGUMENT,
      'a request may have 16 rows at most, given 17',
    ],
    [
      'no rows',
      { model: 'digits', inputs: [floats('image', [0, 64], [])] },
      status.INVALID_ARGUMENT,
      'at least 1',
    ],
  ])('refuses %s in words', async (_what, call, code, words) => {
    await expect(started.client.infer(call)).rejects.toMatchObject({
      code,
      details: expect.stringContaining(words),
    });
  });

  it('fails calls on purpose, as asked, and counts them', async () => {
    const fault = { failPercent: 100, code: 'UNAVAILABLE', version: 'v1' };
    await started.fetch('/debug/fault', { method: 'POST', body: JSON.stringify(fault) });
    await expect(ask(0, 'v1')).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await expect(ask(0, 'v2')).resolves.toMatchObject({ version: 'v2' });
    await started.fetch('/debug/fault', { method: 'POST', body: '{}' });
    await expect(ask(0, 'v1')).resolves.toMatchObject({ version: 'v1' });
    expect(await started.metric('model_requests_total', { version: 'v1', code: 'UNAVAILABLE' })).toBe(1);
  });

  it('sends a load report with each answer', async () => {
    await expect(started.client.infer({ model: 'digits', inputs: [] })).rejects.toMatchObject({
      metadata: { internalRepr: expect.any(Map) },
    });
    const failure = await started.client.infer({ model: 'digits', inputs: [] }).catch((error) => error);
    expect(failure.metadata.get('endpoint-load-metrics-bin')[0]).toBeInstanceOf(Buffer);
  });
});

describe('a server with tensors of every type', () => {
  let started: StartedServer;

  beforeAll(async () => {
    started = await startServer(
      '--model-repository',
      TEST_MODELS,
      '--model',
      'types',
      '--model',
      'half',
      '--model',
      'int8',
    );
  });
  afterAll(() => started[Symbol.asyncDispose]());

  const inputs = [
    { name: 'bool', datatype: 'BOOL', shape: [1, 2], data: [true, false] },
    { name: 'uint8', datatype: 'UINT8', shape: [1, 2], data: [0, 255] },
    { name: 'uint16', datatype: 'UINT16', shape: [1, 2], data: [0, 65_535] },
    { name: 'uint32', datatype: 'UINT32', shape: [1, 2], data: [0, 4_294_967_295] },
    { name: 'uint64', datatype: 'UINT64', shape: [1, 2], data: [0, 2 ** 53] },
    { name: 'int8', datatype: 'INT8', shape: [1, 2], data: [-128, 127] },
    { name: 'int16', datatype: 'INT16', shape: [1, 2], data: [-32_768, 32_767] },
    { name: 'int32', datatype: 'INT32', shape: [1, 2], data: [-2_147_483_648, 2_147_483_647] },
    { name: 'int64', datatype: 'INT64', shape: [1, 2], data: [-(2 ** 53), 2 ** 53] },
    { name: 'float16', datatype: 'FP16', shape: [1, 2], data: [-0.5, 65_504] },
    { name: 'float', datatype: 'FP32', shape: [1, 2], data: [-0.5, 3.25] },
    { name: 'double', datatype: 'FP64', shape: [1, 2], data: [Math.PI, -1e300] },
    { name: 'string', datatype: 'BYTES', shape: [1, 2], data: ['', 'ü€'] },
  ];

  it('gives each back as it came, on REST', async () => {
    const response = await started.fetch('/v2/models/types/infer', {
      method: 'POST',
      body: JSON.stringify({ inputs }),
    });
    const { outputs } = (await response.json()) as { outputs: typeof inputs };
    expect(outputs.map(({ datatype, shape, data }) => ({ datatype, shape, data }))).toEqual(
      inputs.map(({ datatype, shape, data }) => ({ datatype, shape, data })),
    );
  });

  it('gives each back as it came, on gRPC, whoever shares the batch', async () => {
    const tensorsOf = (flip: boolean): Tensor[] =>
      inputs.map(({ name, datatype, shape, data }) => {
        const row: readonly (string | number | boolean)[] = flip ? data.toReversed() : data;
        const known = datatype as Datatype;
        const bytes =
          known === 'BYTES'
            ? encodeTexts(row.map(String))
            : encodeNumbers(
                known,
                row.filter((value) => typeof value !== 'string'),
              );
        return { name, datatype: known, shape, data: bytes };
      });
    const calls = Array.from({ length: 60 }, (_, index) => tensorsOf(index % 2 === 1));
    const answers = await Promise.all(
      calls.map((tensors) => started.client.infer({ model: 'types', inputs: tensors })),
    );
    const plain = ({ datatype, shape, data }: Tensor) => [datatype, shape, Buffer.from(data).toString('hex')];
    expect(answers.map(({ outputs }) => outputs.map(plain))).toEqual(calls.map((call) => call.map(plain)));
    expect(await started.metric('model_batch_rows_count', { model: 'types' })).toBeLessThan(60);
  });

  it('computes in 8-bit integers', async () => {
    const row = [1, -2, 0.5, 3];
    const answer = await started.client.infer({ model: 'int8', inputs: [floats('x', [1, 4], row)] });
    const exact = [0, 1, 2, 3].map((column) =>
      row.reduce((sum, x, index) => sum + x * (-8 + 4 * index + column), 0),
    );
    for (const [index, y] of numbersOf(answer, 'y').entries()) expect(y).toBeCloseTo(exact[index] ?? 0, 0);
  });

  it('computes in 16-bit floats', async () => {
    const answer = await started.client.infer({
      model: 'half',
      inputs: [{ name: 'x', datatype: 'FP16', shape: [1, 2], data: encodeNumbers('FP16', [1.5, -2]) }],
    });
    expect(numbersOf(answer, 'y')).toEqual([3, -4]);
  });
});

it.each([
  ['the usual', []],
  [
    'one thread, no arena, nothing optimised',
    ['--threads', '1', '--no-memory-arena', '--graph-optimization', 'disabled'],
  ],
  ['threads across operators that spin', ['--threads', '2', '--inter-op-threads', '2', '--spinning']],
])('answers alike whatever the settings of the runtime: %s', async (_what, options) => {
  await using started = await startServer(
    '--model-repository',
    SHIPPED_MODELS,
    '--model',
    'digits:v1',
    ...options,
  );
  const { images, labels } = JSON.parse(
    await readFile(join(SHIPPED_MODELS, 'digits-samples.json'), 'utf8'),
  ) as Samples;
  const answers = await Promise.all(
    images.map((image) =>
      started.client.infer({ model: 'digits', inputs: [floats('image', [1, 64], image)] }),
    ),
  );
  const right = answers.filter((answer, index) => numbersOf(answer, 'label')[0] === labels[index]);
  expect(right.length).toBe(351);
});
