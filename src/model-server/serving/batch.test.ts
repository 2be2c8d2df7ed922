import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeTexts } from '../tensors/strings.ts';
import type { Signature, Tensor } from '../tensors/tensor.ts';
import { groupOf, hasRows, joinInputs, requireRows, splitOutputs } from './batch.ts';

const tensor = (shape: number[], values: number[], name = 'x'): Tensor => ({
  name,
  datatype: 'FP32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
});
const texts = (values: string[]): Tensor => ({
  name: 't',
  datatype: 'BYTES',
  shape: [values.length],
  data: encodeTexts(values),
});
const signature = (input: number[], output: number[]): Signature => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape: input }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: output }],
});

describe('rows', () => {
  it.each([
    [[-1, 64], [-1, 10], true],
    [[-1], [-1], true],
    [[1, 64], [-1, 10], false],
    [[-1, 64], [10], false],
    [[], [-1], false],
  ])('input %j and output %j: %s', (input, output, expected) => {
    expect(hasRows(signature(input, output))).toBe(expected);
  });

  it('are those that all inputs agree on', () => {
    expect(requireRows([tensor([2, 1], [1, 2]), tensor([2], [1, 2])], 4)).toBe(2);
  });

  it.each([
    [
      'inputs that disagree',
      [tensor([2, 1], [1, 2]), tensor([1], [1])],
      'the same number of rows, at least 1; given "x": 2, "x": 1',
    ],
    ['no row', [tensor([0, 1], [])], 'at least 1; given "x": 0'],
    ['too many', [tensor([5, 1], [1, 2, 3, 4, 5])], '4 rows at most, given 5'],
  ])('are refused for %s', (_what, inputs, words) => {
    expect(() => requireRows(inputs, 4)).toThrow(words);
  });

  it('may be of one batch when all but their number is alike', () => {
    const group = (shape: number[], outputs: string[] = []) =>
      groupOf([{ ...tensor([], []), shape }], outputs);
    expect(group([1, 3])).toBe(group([5, 3]));
    expect(group([1, 3])).not.toBe(group([1, 4]));
    expect(group([1, 3])).not.toBe(group([1, 3], ['y']));
  });
});

describe('a batch', () => {
  it('gives every request its own rows, whatever the sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }), (rows) => {
        let next = 0;
        const requests = rows.map((count) => {
          const values = Array.from({ length: count * 2 }, () => next++);
          return [
            tensor([count, 2], values),
            texts(values.slice(0, count).map((value) => 'ä'.repeat(value % 4))),
          ];
        });
        const joined = joinInputs(requests).map(
          ({ header, slices }): Tensor => ({ ...header, data: Buffer.concat(slices) }),
        );
        const split = splitOutputs(joined, rows) ?? [];
        expect(split.map((parts) => parts.map(({ data }) => Buffer.from(data)))).toEqual(
          requests.map((inputs) => inputs.map(({ data }) => Buffer.from(data))),
        );
        expect(split.map((parts) => parts.map(({ shape }) => shape))).toEqual(
          requests.map((inputs) => inputs.map(({ shape }) => shape)),
        );
      }),
    );
  });

  it('is given to nobody when its outputs do not have a row for each', () => {
    expect(splitOutputs([tensor([3], [1, 2, 3])], [1, 1])).toBeUndefined();
    expect(splitOutputs([tensor([2], [1, 2]), tensor([1], [1])], [1, 1])).toBeUndefined();
  });
});
