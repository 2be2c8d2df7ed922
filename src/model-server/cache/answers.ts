import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { InferenceRequest } from '../protocol/inference.ts';
import { type Frame, FrameReader, frameBytes, frameOf } from '../runner/frames.ts';
import { headerOf, tensorsIn } from '../runner/messages.ts';
import { type Datatype, isDatatype } from '../tensors/datatypes.ts';
import type { Tensor } from '../tensors/tensor.ts';

/** Where answers are kept for calls that come again. */
export interface AnswerStore {
  /** The answer kept under a key, or undefined when there is none any more. Never rejects: a store that fails has none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keeps an answer for a while. Never rejects. */
  put(key: string, answer: Uint8Array): void;
  close(): Promise<void>;
}

/**
 * The key of a call: the same for calls that must have the same answer, which takes the content that answers (`stamp`)
 * as well as every bit of the inputs.
 */
export function cacheKey(
  stamp: string,
  version: string,
  { model, inputs, outputs }: InferenceRequest,
): string {
  const hash = createHash('sha256');
  const described = inputs.map(({ name, datatype, shape, data }) => [name, datatype, shape, data.length]);
  hash.update(JSON.stringify([model, version, stamp, outputs, described]));
  for (const input of inputs) hash.update(input.data);
  return hash.digest('base64url');
}

/** Puts outputs into bytes. */
export function encodeOutputs(outputs: readonly Tensor[]): Uint8Array {
  return Buffer.concat(
    frameOf(
      outputs.map(headerOf),
      outputs.map(({ data }) => [data]),
    ),
  );
}

/** Reads outputs out of bytes; undefined when they are not whole. */
export function decodeOutputs(bytes: Uint8Array): Tensor[] | undefined {
  // A store that others write to, too: nothing is believed of its lengths before there are so many bytes.
  if (frameBytes(bytes) !== bytes.length) return undefined;
  const frames: Frame[] = [];
  try {
    new FrameReader((frame) => frames.push(frame)).push(bytes);
  } catch {
    return undefined; // its header is no JSON
  }
  const [frame] = frames;
  const headers = headersSchema.safeParse(frame?.header);
  return frame && headers.success ? tensorsIn(headers.data, frame.payload) : undefined;
}

const size = z.int().min(0);
const headersSchema = z.array(
  z.object({
    name: z.string(),
    datatype: z.custom<Datatype>((given) => typeof given === 'string' && isDatatype(given)),
    shape: z.array(size),
    bytes: size,
  }),
);
