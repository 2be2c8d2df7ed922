import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ModelInferRequestSchema } from '../../gen/inference/open_inference_pb.js';
import { encodeNumbers } from '../tensors/numbers.ts';
import { encodeTexts } from '../tensors/strings.ts';
import { decodeInfer } from './infer-codec.ts';
import { requestOf } from './tensors.ts';

const AT = { nowMs: 1_000, deadlineMs: 1_500 };

/** A message as it comes from the wire. */
function received(message: object) {
  return decodeInfer(
    Buffer.from(toBinary(ModelInferRequestSchema, create(ModelInferRequestSchema, message))),
  );
}

describe('typed contents', () => {
  it.each([
    ['BOOL', { boolContents: [true, false] }, encodeNumbers('BOOL', [true, false])],
    ['UINT8', { uintContents: [1, 255] }, encodeNumbers('UINT8', [1, 255])],
    ['UINT16', { uintContents: [1, 65_535] }, encodeNumbers('UINT16', [1, 65_535])],
    ['UINT32', { uintContents: [1, 2 ** 32 - 1] }, encodeNumbers('UINT32', [1, 2 ** 32 - 1])],
    ['UINT64', { uint64Contents: [1n, 2n ** 64n - 1n] }, encodeNumbers('UINT64', [1n, 2n ** 64n - 1n])],
    ['INT8', { intContents: [-128, 127] }, encodeNumbers('INT8', [-128, 127])],
    ['INT16', { intContents: [-32_768, 7] }, encodeNumbers('INT16', [-32_768, 7])],
    ['INT32', { intContents: [-(2 ** 31), 7] }, encodeNumbers('INT32', [-(2 ** 31), 7])],
    ['INT64', { int64Contents: [-(2n ** 63n), 7n] }, encodeNumbers('INT64', [-(2n ** 63n), 7n])],
    ['FP32', { fp32Contents: [0.5, -2] }, encodeNumbers('FP32', [0.5, -2])],
    ['FP64', { fp64Contents: [Math.PI, -2] }, encodeNumbers('FP64', [Math.PI, -2])],
    ['BYTES', { bytesContents: [Buffer.from('ü'), Buffer.alloc(0)] }, encodeTexts(['ü', ''])],
  ])('of %s are the same tensor as raw ones', (datatype, contents, raw) => {
    const input = { name: 'x', datatype, shape: [1n, 2n] };
    const typed = requestOf(received({ modelName: 'm', inputs: [{ ...input, contents }] }), AT);
    const same = requestOf(received({ modelName: 'm', inputs: [input], rawInputContents: [raw] }), AT);
    const bytes = (data: Uint8Array | undefined) => Buffer.from(data ?? []).toString('hex');
    expect(bytes(typed.inputs[0]?.data)).toBe(bytes(raw));
    expect(bytes(same.inputs[0]?.data)).toBe(bytes(raw));
    expect(typed.inputs[0]).toMatchObject({ name: 'x', datatype, shape: [1, 2] });
  });
});

describe("a call's deadline", () => {
  const withTimeout = (microseconds: bigint) =>
    requestOf(
      received({
        modelName: 'm',
        parameters: { timeout: { parameterChoice: { case: 'int64Param', value: microseconds } } },
      }),
      AT,
    ).deadlineMs;

  it.each([
    ['is shortened by a timeout', 100_000n, 1_100],
    ['is never lengthened by one', 900_000n, 1_500],
    ['is its own without one', 0n, 1_500],
  ])('%s', (_what, microseconds, expected) => {
    expect(withTimeout(microseconds)).toBe(expected);
  });
});

it('is of ordinary urgency unless it says otherwise', () => {
  expect(requestOf(received({ modelName: 'm' }), AT)).toMatchObject({ priority: 100 });
  const parameters = { priority: { parameterChoice: { case: 'uint64Param', value: 2n } } };
  expect(requestOf(received({ modelName: 'm', parameters }), AT)).toMatchObject({ priority: 2 });
});
