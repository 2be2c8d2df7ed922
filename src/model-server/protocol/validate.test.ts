import { describe, expect, it } from 'vitest';
import { encodeTexts } from '../tensors/strings.ts';
import type { Signature, Tensor } from '../tensors/tensor.ts';
import { validateInputs, validateOutputs } from './validate.ts';

const signature: Signature = {
  inputs: [
    { name: 'image', datatype: 'FP32', shape: [-1, 4] },
    { name: 'text', datatype: 'BYTES', shape: [-1] },
  ],
  outputs: [{ name: 'label', datatype: 'INT64', shape: [-1] }],
};
const image: Tensor = { name: 'image', datatype: 'FP32', shape: [2, 4], data: new Uint8Array(32) };
const text: Tensor = { name: 'text', datatype: 'BYTES', shape: [2], data: encodeTexts(['a', 'bc']) };

describe('inputs', () => {
  it('are returned in the order of the signature', () => {
    expect(validateInputs(signature, [text, image])).toEqual([image, text]);
  });

  it.each<[string, Tensor[], string]>([
    ['one is missing', [image], 'input "text" (BYTES [-1]) is missing'],
    [
      'one is unknown',
      [image, text, { ...image, name: 'img' }],
      'unknown input "img"; the model\'s inputs are "image", "text"',
    ],
    ['one comes twice', [image, image], 'two inputs have the same name'],
    [
      'another type',
      [{ ...image, datatype: 'FP64' }, text],
      'input "image" expects FP32 [-1, 4], given FP64 [2, 4]',
    ],
    [
      'another size',
      [{ ...image, shape: [2, 5] }, text],
      'input "image" expects FP32 [-1, 4], given FP32 [2, 5]',
    ],
    ['another rank', [{ ...image, shape: [8] }, text], 'input "image" expects FP32 [-1, 4], given FP32 [8]'],
    [
      'too few bytes',
      [{ ...image, data: new Uint8Array(31) }, text],
      'input "image" of FP32 [2, 4] takes 32 bytes, given 31',
    ],
    [
      'too few texts',
      [image, { ...text, shape: [3] }],
      'input "text" of BYTES [3] takes 3 elements, given 2',
    ],
    [
      'a text past the end',
      [image, { ...text, data: text.data.subarray(0, 6) }],
      'input "text": element 1 runs past the end of the data',
    ],
  ])('are refused when %s', (_what, inputs, message) => {
    expect(() => validateInputs(signature, inputs)).toThrow(message);
  });
});

it('refuses an output that there is not', () => {
  expect(() => validateOutputs(signature, ['label', 'score'])).toThrow(
    'unknown output "score"; the model\'s outputs are "label"',
  );
});
