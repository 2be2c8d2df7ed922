import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelInferRequestSchema, ModelInferResponseSchema } from '../../gen/inference/open_inference_pb.js';
import type { Datatype } from '../tensors/datatypes.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { decodeInfer, encodeInfer } from './infer-codec.ts';

const text = fc.string({ unit: 'binary', maxLength: 200 });
const shape = fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { maxLength: 4 });
const datatype = fc.constantFrom<Datatype>('FP32', 'INT64', 'BYTES');
const bytes = fc.uint8Array({ maxLength: 300 });

const encoded = (message: Parameters<typeof create<typeof ModelInferRequestSchema>>[1]) =>
  Buffer.from(toBinary(ModelInferRequestSchema, create(ModelInferRequestSchema, message)));

describe('a ModelInferRequest', () => {
  it('is decoded as the general decoder does it', () => {
    const message = fc.record({
      modelName: text,
      modelVersion: text,
      id: text,
      inputs: fc.array(fc.record({ name: text, datatype, shape }), { maxLength: 3 }),
      outputs: fc.array(text, { maxLength: 3 }),
      raw: fc.array(bytes, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(message, ({ inputs, outputs, raw, ...names }) => {
        const decoded = decodeInfer(
          encoded({
            ...names,
            inputs: inputs.map((input) => ({ ...input, shape: input.shape.map(BigInt) })),
            outputs: outputs.map((name) => ({ name })),
            rawInputContents: raw,
          }),
        );
        expect({ ...decoded, raw: decoded.raw.map((content) => Uint8Array.from(content)) }).toEqual({
          ...names,
          parameters: {},
          inputs: inputs.map((input) => ({ ...input, contents: undefined })),
          outputs,
          raw,
        });
      }),
    );
  });

  it('keeps what is out of the ordinary', () => {
    const decoded = decodeInfer(
      encoded({
        modelName: 'm',
        parameters: { priority: { parameterChoice: { case: 'int64Param', value: 3n } } },
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1n], contents: { fp32Contents: [0.5] } }],
      }),
    );
    expect(decoded.parameters.priority?.parameterChoice).toEqual({ case: 'int64Param', value: 3n });
    expect(decoded.inputs[0]).toMatchObject({ name: 'x', shape: [1], contents: { fp32Contents: [0.5] } });
  });

  it('may have a negative dimension, which is for others to refuse', () => {
    const message = encoded({ modelName: 'm', inputs: [{ name: 'x', datatype: 'FP32', shape: [-1n] }] });
    expect(decodeInfer(message).inputs[0]?.shape).toEqual([-1]);
  });

  it('may have its shape unpacked, one size a field', () => {
    const input = Buffer.from([0x0a, 0x01, 0x78, 0x18, 0x05, 0x18, 0x80, 0x01]);
    const message = Buffer.concat([Buffer.from([0x2a, input.length]), input]);
    expect(decodeInfer(message).inputs[0]).toMatchObject({ name: 'x', shape: [5, 128] });
  });

  it('is refused when it is cut off', () => {
    const whole = encoded({
      modelName: 'digits',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1n, 64n] }],
      rawInputContents: [new Uint8Array(256)],
    });
    expect(() => decodeInfer(whole.subarray(0, -1))).toThrow();
    expect(() => decodeInfer(Buffer.from([0xff, 0xff, 0xff]))).toThrow();
  });
});

it('a ModelInferResponse is encoded so that the general decoder reads it', () => {
  const tensor = fc.record({ name: text, datatype, shape, data: bytes }).map((fields): Tensor => fields);
  fc.assert(
    fc.property(text, text, text, fc.array(tensor, { maxLength: 3 }), (model, version, id, outputs) => {
      const decoded = fromBinary(ModelInferResponseSchema, encodeInfer({ model, version, outputs }, id));
      expect(decoded).toMatchObject({
        modelName: model,
        modelVersion: version,
        id,
        outputs: outputs.map((output) => ({
          name: output.name,
          datatype: output.datatype,
          shape: output.shape.map(BigInt),
        })),
      });
      expect(decoded.rawOutputContents.map((content) => Uint8Array.from(content))).toEqual(
        outputs.map(({ data }) => data),
      );
    }),
  );
});
