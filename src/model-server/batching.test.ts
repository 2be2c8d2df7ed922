import { type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floats, type InferResult, numbersOf } from './client.ts';
import { seededDraws } from './faults/fault.ts';
import { encodeNumbers } from './tensors/numbers.ts';
import { type StartedServer, startServer, TEST_MODELS } from './testdata/started-server.ts';

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
