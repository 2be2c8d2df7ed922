import type { InferParameter, InferTensorContents } from '../../gen/inference/open_inference_pb.js';
import { DEFAULT_PRIORITY, type InferenceRequest } from '../protocol/inference.ts';
import { Problem } from '../protocol/problem.ts';
import { type Datatype, isDatatype } from '../tensors/datatypes.ts';
import { encodeNumbers } from '../tensors/numbers.ts';
import { encodeElements } from '../tensors/strings.ts';
import type { Tensor } from '../tensors/tensor.ts';
import type { InferMessage, InputMessage } from './infer-codec.ts';

/** The list of typed contents that holds each type's elements; FP16 travels as raw bytes only. */
const CONTENTS_FIELD = {
  BOOL: 'boolContents',
  UINT8: 'uintContents',
  UINT16: 'uintContents',
  UINT32: 'uintContents',
  UINT64: 'uint64Contents',
  INT8: 'intContents',
  INT16: 'intContents',
  INT32: 'intContents',
  INT64: 'int64Contents',
  FP32: 'fp32Contents',
  FP64: 'fp64Contents',
  BYTES: 'bytesContents',
} as const satisfies Partial<Record<Datatype, keyof InferTensorContents>>;

/**
 * The call that a message stands for. `deadlineMs` is the call's own, in ms of `performance.now()`; a `timeout`
 * parameter (microseconds) can only shorten it. Throws INVALID_ARGUMENT.
 */
export function requestOf(
  message: InferMessage,
  call: Pick<InferenceRequest, 'onGone' | 'trace'> & { readonly nowMs: number; readonly deadlineMs: number },
): InferenceRequest {
  const { raw } = message;
  if (raw.length > 0 && raw.length !== message.inputs.length) {
    throw invalid(`${message.inputs.length} inputs need as many raw_input_contents, given ${raw.length}`);
  }
  const timeoutUs = numberIn(message.parameters.timeout, 'timeout');
  return {
    model: message.modelName,
    version: message.modelVersion,
    inputs: message.inputs.map((input, index) => tensorOf(input, raw[index])),
    outputs: message.outputs,
    priority: numberIn(message.parameters.priority, 'priority') || DEFAULT_PRIORITY,
    deadlineMs: timeoutUs ? Math.min(call.deadlineMs, call.nowMs + timeoutUs / 1_000) : call.deadlineMs,
    onGone: call.onGone,
    trace: call.trace,
  };
}

function tensorOf(input: InputMessage, raw: Uint8Array | undefined): Tensor {
  const { name, datatype, shape } = input;
  if (!isDatatype(datatype)) throw invalid(`input "${name}" has an unknown datatype "${datatype}"`);
  if (shape.some((size) => size < 0))
    throw invalid(`input "${name}" has a negative dimension: [${shape.join(', ')}]`);
  if (raw === undefined) return { name, datatype, shape, data: dataOf(name, datatype, input.contents) };
  if (input.contents) throw invalid(`input "${name}" has contents although raw_input_contents are given`);
  return { name, datatype, shape, data: raw };
}

function dataOf(name: string, datatype: Datatype, contents: InferTensorContents | undefined): Uint8Array {
  if (datatype === 'FP16') throw invalid(`input "${name}": FP16 is taken in raw_input_contents only`);
  if (!contents) return new Uint8Array();
  const field = CONTENTS_FIELD[datatype];
  if (field === 'bytesContents') return encodeElements(contents.bytesContents);
  return encodeNumbers(datatype as Exclude<Datatype, 'BYTES'>, contents[field]);
}

function numberIn(parameter: InferParameter | undefined, name: string): number {
  const choice = parameter?.parameterChoice;
  if (choice?.case === undefined) return 0;
  const value = Number(choice.value);
  if (Number.isNaN(value) || value < 0) throw invalid(`parameter "${name}" needs a number of at least 0`);
  return value;
}

function invalid(message: string): Problem {
  return new Problem('INVALID_ARGUMENT', message);
}
