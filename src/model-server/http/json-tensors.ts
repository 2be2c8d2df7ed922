import { z } from 'zod';
import { DEFAULT_PRIORITY, type InferenceAnswer, type InferenceRequest } from '../protocol/inference.ts';
import { Problem } from '../protocol/problem.ts';
import { type Datatype, isDatatype } from '../tensors/datatypes.ts';
import { encodeNumbers, viewElements } from '../tensors/numbers.ts';
import { decodeTexts, encodeTexts } from '../tensors/strings.ts';
import type { Tensor } from '../tensors/tensor.ts';

const parametersSchema = z.looseObject({
  priority: z.number().int().min(0).optional(),
  timeout: z.number().min(0).optional(),
  binary_data_size: z.number().int().min(0).optional(),
  binary_data: z.boolean().optional(),
});

const requestSchema = z.object({
  id: z.string().default(''),
  parameters: parametersSchema.extend({ binary_data_output: z.boolean().optional() }).default({}),
  inputs: z.array(
    z.object({
      name: z.string(),
      datatype: z.string(),
      shape: z.array(z.number().int().min(0)),
      data: z.array(z.unknown()).optional(),
      parameters: parametersSchema.optional(),
    }),
  ),
  outputs: z.array(z.object({ name: z.string(), parameters: parametersSchema.optional() })).default([]),
});

/** The body of an inference call on REST. */
export type RestRequest = z.infer<typeof requestSchema>;

/** Checks a body; throws INVALID_ARGUMENT naming each field that is wrong. */
export function parseRestRequest(body: unknown): RestRequest {
  const result = requestSchema.safeParse(body);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw invalid(issues.join('; '));
}

/** The call that a body stands for. `binary` is what follows the JSON, for inputs that have their data there. */
export function restRequest(
  body: RestRequest,
  binary: Uint8Array,
  call: Pick<InferenceRequest, 'model' | 'version' | 'onGone' | 'trace'> & { readonly nowMs: number },
): InferenceRequest {
  let offset = 0;
  const inputs = body.inputs.map((input): Tensor => {
    const { name, datatype, shape } = input;
    if (!isDatatype(datatype)) throw invalid(`input "${name}" has an unknown datatype "${datatype}"`);
    const size = input.parameters?.binary_data_size;
    if (size === undefined)
      return { name, datatype, shape, data: encodeJson(name, datatype, input.data ?? []) };
    if (offset + size > binary.length)
      throw invalid(`input "${name}": binary_data_size runs past the end of the body`);
    const data = binary.subarray(offset, offset + size);
    offset += size;
    return { name, datatype, shape, data };
  });
  const { timeout, priority } = body.parameters;
  return {
    model: call.model,
    version: call.version,
    inputs,
    outputs: body.outputs.map((output) => output.name),
    priority: priority || DEFAULT_PRIORITY,
    deadlineMs: timeout ? call.nowMs + timeout / 1_000 : Number.POSITIVE_INFINITY,
    onGone: call.onGone,
    trace: call.trace,
  };
}

/** An answer's body, and what follows it: the outputs that were asked for as binary data. */
export function restResponse(
  answer: InferenceAnswer,
  request: RestRequest,
): { body: object; binary: Uint8Array[] } {
  const asBinary = (name: string) =>
    request.outputs.find((output) => output.name === name)?.parameters?.binary_data ??
    request.parameters.binary_data_output ??
    false;
  const binary: Uint8Array[] = [];
  const outputs = answer.outputs.map(({ name, datatype, shape, data }) => {
    if (!asBinary(name)) return { name, datatype, shape, data: decodeJson(datatype, data) };
    binary.push(data);
    return { name, datatype, shape, parameters: { binary_data_size: data.length } };
  });
  return {
    body: {
      model_name: answer.model,
      model_version: answer.version,
      ...(request.id && { id: request.id }),
      outputs,
    },
    binary,
  };
}

function encodeJson(name: string, datatype: Datatype, data: readonly unknown[]): Uint8Array {
  // Rows may be given nested or flat.
  const flat = data.flat(Number.POSITIVE_INFINITY);
  if (datatype === 'BYTES') return encodeTexts(flat.map(String));
  const wrong = flat.find((value) => typeof value !== (datatype === 'BOOL' ? 'boolean' : 'number'));
  if (wrong !== undefined && !(datatype === 'BOOL' && (wrong === 0 || wrong === 1))) {
    throw invalid(`input "${name}" of ${datatype} cannot hold ${JSON.stringify(wrong)}`);
  }
  try {
    return encodeNumbers(datatype, flat as number[]);
  } catch (thrown) {
    throw invalid(`input "${name}" of ${datatype}: ${(thrown as Error).message}`);
  }
}

function decodeJson(datatype: Datatype, data: Uint8Array): unknown[] {
  if (datatype === 'BYTES') return decodeTexts(data);
  const values = Array.from<number | bigint>(viewElements(datatype, data) as Float64Array);
  if (datatype === 'BOOL') return values.map((value) => value !== 0);
  // JSON has no NaN and no infinity (null stands for them), and readers of its numbers lose 64-bit integers' low bits.
  return values.map((value) => (typeof value === 'bigint' ? Number(value) : value));
}

function invalid(message: string): Problem {
  return new Problem('INVALID_ARGUMENT', message);
}
