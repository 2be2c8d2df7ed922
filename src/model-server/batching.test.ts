import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floats, type InferResult, numbersOf } from './client.ts';
import { seededDraws } from './faults/fault.ts';
import { encodeNumbers } from './tensors/numbers.ts';
import { SHIPPED_MODELS, type StartedServer, startServer, TEST_MODELS } from './testdata/started-server.ts';

const MODELS = ['ragged', 'batch-mean', 'flattened', 'fixed', 'lookup'];
const IN_FLIGHT = 200;

describe('batching', () => {
  let started: StartedServer;

  beforeAll(async () => {
    started = await startServer(
      '--model-repository',
      TEST_MODELS,
      ...MODELS.flatMap((model) => ['--model', model]),
    );
  });
  afterAll(() => started[Symbol.asyncDispose]());

  /** Asks for some rows of some length with numbers that occur nowhere else. */
  const ask = async (rows: number, length: number, from: number): Promise<[InferResult, number[]]> => {
    const values = Array.from({ length: rows * length }, (_, index) => from + index);
    return [
      await started.client.infer({ model: 'ragged', inputs: [floats('x', [rows, length], values)] }),
      values,
    ];
  };

  it('gives each of 10 000 mixed calls of random shapes its own answer, to the bit', async () => {
    const draw = seededDraws(11);
    const upTo = (most: number) => 1 + Math.floor(draw() * most);
    let asked = 0;
    const callers = Array.from({ length: IN_FLIGHT }, async () => {
      while (asked < 10_000) {
        asked++;
        const [answer, values] = await ask(upTo(4), upTo(6), Math.floor(draw() * 100_000));
        // Whole numbers of this size are exact in 32 bits, and so are their sums and doubles.
        expect(numbersOf(answer, 'doubled')).toEqual(values.map((value) => 2 * value));
        const length = values.length / (answer.outputs[0]?.shape[0] ?? 1);
        const sums = Array.from({ length: values.length / length }, (_, row) =>
          values.slice(row * length, (row + 1) * length).reduce((sum, value) => sum + value, 0),
        );
        expect(numbersOf(answer, 'sum')).toEqual(sums);
      }
    });
    await Promise.all(callers);
    expect(await started.metric('model_batch_rows_count', { model: 'ragged' })).toBeLessThan(8_000);
  }, 120_000);

  it('gives 10 000 mixed calls to two real models the answers that single calls got', async ({
    annotate,
  }) => {
    await using digits = await startServer(
      ...['--model-repository', SHIPPED_MODELS, '--model', 'digits:v1', '--model', 'digits:v2'],
    );
    const file = await readFile(join(SHIPPED_MODELS, 'digits-samples.json'), 'utf8');
    const { images } = JSON.parse(file) as { images: number[][] };
    const askFor = async (version: string, chosen: readonly number[]) => {
      const values = chosen.flatMap((index) => images[index] ?? []);
      const inputs = [floats('image', [chosen.length, 64], values)];
      const answer = await digits.client.infer({ model: 'digits', version, inputs });
      return { labels: numbersOf(answer, 'label'), scores: numbersOf(answer, 'probabilities') };
    };
    const single = new Map<string, { labels: number[]; scores: number[] }>();
    for (const version of ['v1', 'v2'])
      for (const index of images.keys()) single.set(`${version} ${index}`, await askFor(version, [index]));

    const draw = seededDraws(12);
    const below = (count: number) => Math.floor(draw() * count);
    let asked = 0;
    let worst = 0;
    const callers = Array.from({ length: IN_FLIGHT }, async () => {
      while (asked++ < 10_000) {
        const version = `v${1 + below(2)}`;
        const chosen = Array.from({ length: 1 + below(4) }, () => below(images.length));
        const { labels, scores } = await askFor(version, chosen);
        const alone = chosen.map((index) => single.get(`${version} ${index}`));
        expect(labels).toEqual(alone.flatMap((answer) => answer?.labels));
        const expected = alone.flatMap((answer) => answer?.scores ?? []);
        expect(scores.length).toBe(expected.length);
        for (const [index, score] of scores.entries())
          worst = Math.max(worst, Math.abs(score - (expected[index] ?? Number.NaN)));
      }
    });
    await Promise.all(callers);
    const batches = await digits.metric('model_batch_rows_count', { version: 'v1' });
    await annotate(`greatest difference ${worst}; ${batches} batches for half of the calls`);
    // Kernels differ with the size of the batch, and with them the last bits of a 32-bit float.
    expect(worst).toBeLessThan(1e-5);
    expect(batches).toBeLessThan(4_000);
  }, 120_000);

  it.each([
    ['batch-mean', [1, 3], 'y', [0, 0, 0]],
    ['flattened', [1, 3], 'y', [7, 8, 9]],
    ['fixed', [1, 4], 'y', [-7, -8, -9, -10]],
  ])('is left off for %s, whose rows cannot be told apart', async (model, shape, output, expected) => {
    const values = Array.from({ length: shape[1] ?? 0 }, (_, index) => 7 + index);
    const others = values.map((value) => value * 1_000);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        started.client.infer({ model, inputs: [floats('x', shape, index % 2 === 0 ? values : others)] }),
      ),
    );
    for (const [index, answer] of answers.entries()) {
      if (index % 2 === 0) expect(numbersOf(answer, output)).toEqual(expected);
    }
    expect(await started.metric('model_batch_rows_sum', { model })).toBe(40);
    expect(await started.metric('model_batch_rows_count', { model })).toBe(40);
  });

  it('lets a bad call fail without its neighbours', async () => {
    const indices = Array.from({ length: 60 }, (_, index) => (index % 10 === 3 ? 99 : index % 4));
    const outcomes = await Promise.all(
      indices.map((index) =>
        started.client
          .infer({
            model: 'lookup',
            inputs: [{ name: 'index', datatype: 'INT64', shape: [1], data: encodeNumbers('INT64', [index]) }],
          })
          .then(
            (answer) => numbersOf(answer, 'row'),
            (error: ServiceError) => error.code,
          ),
      ),
    );
    expect(outcomes).toEqual(
      indices.map((index) => (index === 99 ? status.INVALID_ARGUMENT : [2 * index, 2 * index + 1])),
    );
  });
});
