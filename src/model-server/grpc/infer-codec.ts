import { fromBinary } from '@bufbuild/protobuf';
import {
  type InferParameter,
  type InferTensorContents,
  type ModelInferRequest,
  ModelInferRequestSchema,
} from '../../gen/inference/open_inference_pb.js';
import type { InferenceAnswer } from '../protocol/inference.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { fieldLength, LENGTH_DELIMITED, VARINT, varintLength, WireReader, WireWriter } from './wire.ts';

/** A `ModelInferRequest` with what matters of it. */
export interface InferMessage {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly parameters: Readonly<Record<string, InferParameter>>;
  readonly inputs: readonly InputMessage[];
  readonly outputs: readonly string[];
  readonly raw: readonly Uint8Array[];
}

/** One input of it; without contents when these are raw. */
export interface InputMessage {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly contents: InferTensorContents | undefined;
}

/** Field numbers of `ModelInferRequest` and `ModelInferResponse`, and of their tensors. */
const NAME = 1;
const VERSION = 2;
const ID = 3;
const INPUTS = 5;
const REQUESTED_OUTPUTS = 6;
const RAW_INPUTS = 7;
const OUTPUTS = 5;
const RAW_OUTPUTS = 6;
const TENSOR_NAME = 1;
const TENSOR_DATATYPE = 2;
const TENSOR_SHAPE = 3;

/**
 * Decodes a `ModelInferRequest`: the usual kind (raw contents, no parameters) directly, which takes half the
 * time, and any other by the general way. Throws when it is not one.
 */
export function decodeInfer(bytes: Buffer): InferMessage {
  return decodeUsual(bytes) ?? fromMessage(fromBinary(ModelInferRequestSchema, bytes));
}

/** Encodes the `ModelInferResponse` for an answer, with its tensors as raw bytes. */
export function encodeInfer({ model, version, outputs }: InferenceAnswer, id: string): Buffer {
  const lengths = [model, version, id].map((text) => Buffer.byteLength(text));
  const headers = outputs.map(tensorHeader);
  let total = 0;
  for (const length of lengths) if (length > 0) total += fieldLength(length);
  for (const header of headers) total += fieldLength(header.length);
  for (const { data } of outputs) total += fieldLength(data.length);

  const writer = new WireWriter(total);
  writer.text(NAME, model, lengths[0] as number);
  writer.text(VERSION, version, lengths[1] as number);
  writer.text(ID, id, lengths[2] as number);
  for (const header of headers) writer.bytes(OUTPUTS, header);
  for (const { data } of outputs) writer.bytes(RAW_OUTPUTS, data);
  return writer.buffer;
}

function tensorHeader({ name, datatype, shape }: Tensor): Buffer {
  const nameLength = Buffer.byteLength(name);
  const shapeLength = shape.reduce((sum, size) => sum + varintLength(size), 0);
  const texts = (nameLength > 0 ? fieldLength(nameLength) : 0) + fieldLength(datatype.length);
  const writer = new WireWriter(texts + (shape.length > 0 ? fieldLength(shapeLength) : 0));
  writer.text(TENSOR_NAME, name, nameLength);
  writer.text(TENSOR_DATATYPE, datatype, datatype.length);
  if (shape.length > 0) {
    writer.open(TENSOR_SHAPE, shapeLength);
    for (const size of shape) writer.varint(size);
  }
  return writer.buffer;
}

/** Undefined for a message with anything out of the ordinary, damage included. */
function decodeUsual(bytes: Buffer): InferMessage | undefined {
  const message = { modelName: '', modelVersion: '', id: '' };
  const inputs: InputMessage[] = [];
  const outputs: string[] = [];
  const raw: Buffer[] = [];
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const tag = reader.varint();
    if ((tag & 7) !== LENGTH_DELIMITED) return undefined;
    const field = tag >>> 3;
    if (field === RAW_INPUTS) {
      const content = reader.bytes();
      if (!content) return undefined;
      raw.push(content);
    } else if (field === INPUTS || field === REQUESTED_OUTPUTS) {
      const tensor = decodeTensor(reader.message());
      if (!tensor) return undefined;
      if (field === INPUTS) inputs.push(tensor);
      else outputs.push(tensor.name);
    } else {
      const text = reader.text();
      if (text === undefined) return undefined;
      if (field === NAME) message.modelName = text;
      else if (field === VERSION) message.modelVersion = text;
      else if (field === ID) message.id = text;
      else return undefined;
    }
  }
  return { ...message, parameters: {}, inputs, outputs, raw };
}

function decodeTensor(reader: WireReader | undefined): InputMessage | undefined {
  let name = '';
  let datatype = '';
  const shape: number[] = [];
  while (reader && !reader.done) {
    const tag = reader.varint();
    const field = tag >>> 3;
    if (field === TENSOR_SHAPE) {
      const packed = (tag & 7) === VARINT ? reader : reader.message();
      do {
        const size = packed?.varint() ?? Number.NaN;
        if (Number.isNaN(size)) return undefined;
        shape.push(size);
      } while (packed !== reader && !packed?.done);
    } else {
      const text = (tag & 7) === LENGTH_DELIMITED ? reader.text() : undefined;
      if (text === undefined) return undefined;
      if (field === TENSOR_NAME) name = text;
      else if (field === TENSOR_DATATYPE) datatype = text;
      else return undefined;
    }
  }
  return reader && { name, datatype, shape, contents: undefined };
}

function fromMessage(message: ModelInferRequest): InferMessage {
  const { modelName, modelVersion, id, parameters } = message;
  return {
    ...{ modelName, modelVersion, id, parameters },
    inputs: message.inputs.map(({ name, datatype, shape, contents }) => ({
      ...{ name, datatype, contents },
      shape: shape.map(Number),
    })),
    outputs: message.outputs.map(({ name }) => name),
    raw: message.rawInputContents,
  };
}
