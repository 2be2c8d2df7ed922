import { describe, expect, it } from 'vitest';
import type { InferenceRequest } from '../protocol/inference.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { cacheKey, decodeOutputs, encodeOutputs } from './answers.ts';

const input: Tensor = { name: 'x', datatype: 'UINT8', shape: [2], data: Uint8Array.of(1, 2) };
const request: InferenceRequest = {
  model: 'm',
  version: '',
  inputs: [input],
  outputs: [],
  priority: 100,
  deadlineMs: Number.POSITIVE_INFINITY,
};
const key = (change: Partial<InferenceRequest> = {}, version = 'v1', stamp = 's') =>
  cacheKey(stamp, version, { ...request, ...change });

describe('the key of a call', () => {
  it('is the same whoever asks, and however urgently', () => {
    expect(key({ priority: 1, deadlineMs: 5 })).toBe(key());
  });

  it.each([
    ['another model', key({ model: 'n' })],
    ['another version', key({}, 'v2')],
    ['another content', key({}, 'v1', 't')],
    ['another output', key({ outputs: ['y'] })],
    ['other data', key({ inputs: [{ ...input, data: Uint8Array.of(1, 3) }] })],
    ['another shape', key({ inputs: [{ ...input, shape: [1, 2] }] })],
    ['another type', key({ inputs: [{ ...input, datatype: 'INT8' }] })],
    [
      'data cut elsewhere',
      key({
        inputs: [
          { ...input, data: Uint8Array.of(1) },
          { ...input, data: Uint8Array.of(2) },
        ],
      }),
    ],
  ])('differs for %s', (_what, other) => {
    expect(other).not.toBe(key());
  });
});

it('keeps outputs to the bit', () => {
  const outputs: Tensor[] = [
    input,
    { name: 'y', datatype: 'FP32', shape: [1], data: Uint8Array.of(0, 0, 192, 127) },
  ];
  expect(
    decodeOutputs(encodeOutputs(outputs))?.map((tensor) => ({
      ...tensor,
      data: new Uint8Array(tensor.data),
    })),
  ).toEqual(outputs);
});

describe('what a store gives back that is no answer', () => {
  const whole = Buffer.from(encodeOutputs([input]));
  const changed = (at: number, value: number) => {
    const bytes = Buffer.from(whole);
    bytes[at] = value;
    return bytes;
  };

  it.each([
    ['cut', whole.subarray(0, 20)],
    ['of a length that would take gigabytes', changed(7, 0xff)],
    ['with a header that is no JSON', changed(8, 0x7d)],
    [
      'of a type that there is not',
      Buffer.from(whole.toString('latin1').replace('UINT8', 'UINT9'), 'latin1'),
    ],
    ['empty', Buffer.alloc(0)],
  ])('is taken for none when it is %s', (_, bytes) => {
    expect(decodeOutputs(bytes)).toBeUndefined();
  });
});
