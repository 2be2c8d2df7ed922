import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelInferRequestSchema, ModelInferResponseSchema } from '../gen/inference/open_inference_pb.js';

/** Images that no model was trained on, and what they show. */
export interface DigitSamples {
  /** An encoded ModelInferRequest each. */
  readonly requests: readonly Buffer[];
  /** The right answer each, 0…9. */
  readonly labels: readonly number[];
}

/** Reads the samples and encodes a request of each once. */
export function readDigits(file: string, model: string): DigitSamples {
  const samples = JSON.parse(readFileSync(file, 'utf8')) as { images: number[][]; labels: number[] };
  return { requests: samples.images.map((image) => encodeImage(model, image)), labels: samples.labels };
}

function encodeImage(model: string, image: readonly number[]): Buffer {
  const raw = new Uint8Array(Float32Array.from(image).buffer);
  const request = create(ModelInferRequestSchema, {
    modelName: model,
    inputs: [{ name: 'image', datatype: 'FP32', shape: [1n, BigInt(image.length)] }],
    rawInputContents: [raw],
  });
  return Buffer.from(toBinary(ModelInferRequestSchema, request));
}

/** The digit that an encoded ModelInferResponse names; undefined where it names none. */
export function decodeLabel(response: Uint8Array): number | undefined {
  const { outputs, rawOutputContents } = fromBinary(ModelInferResponseSchema, response);
  const index = outputs.findIndex((output) => output.name === 'label');
  const raw = rawOutputContents[index];
  if (raw === undefined || raw.byteLength < 8) return undefined;
  return Number(new DataView(raw.buffer, raw.byteOffset, raw.byteLength).getBigInt64(0, true));
}
