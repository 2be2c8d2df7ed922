import { Problem } from '../protocol/problem.ts';
import { headerOf } from '../runner/messages.ts';
import type { BatchInput } from '../runner/process.ts';
import { BYTES_PER_ELEMENT } from '../tensors/datatypes.ts';
import { decodeElements, encodeElements } from '../tensors/strings.ts';
import { byteLength, elementCount, type Signature, type Tensor } from '../tensors/tensor.ts';

/** Whether a model's first dimension is free in every input and output, so that it may stand for the row. */
export function hasRows(signature: Signature): boolean {
  return [...signature.inputs, ...signature.outputs].every((spec) => spec.shape[0] === -1);
}

/** The number of rows of a request. Throws INVALID_ARGUMENT when its inputs disagree, have none, or too many. */
export function requireRows(inputs: readonly Tensor[], maxRows: number): number {
  const rows = inputs[0]?.shape[0] ?? 0;
  if (rows === 0 || inputs.some((input) => input.shape[0] !== rows)) {
    const given = inputs.map((input) => `"${input.name}": ${input.shape[0]}`).join(', ');
    throw new Problem(
      'INVALID_ARGUMENT',
      `every input needs the same number of rows, at least 1; given ${given}`,
    );
  }
  if (rows > maxRows)
    throw new Problem('INVALID_ARGUMENT', `a request may have ${maxRows} rows at most, given ${rows}`);
  return rows;
}

/** Requests with the same text may share a batch: all but the number of rows is alike. */
export function groupOf(inputs: readonly Tensor[], outputs: readonly string[]): string {
  const shapes = inputs.map((input) => input.shape.slice(1).join('x'));
  return `${shapes.join(';')}|${outputs.join(';')}`;
}

/** Puts the inputs of several requests of one group below each other, without copying a byte. */
export function joinInputs(requests: readonly (readonly Tensor[])[]): BatchInput[] {
  const [first = []] = requests;
  if (requests.length === 1) return first.map((input) => ({ header: headerOf(input), slices: [input.data] }));
  return first.map((input, index) => {
    const parts = requests.map((inputs) => inputs[index] as Tensor);
    const rows = parts.reduce((sum, part) => sum + (part.shape[0] as number), 0);
    const bytes = parts.reduce((sum, part) => sum + part.data.length, 0);
    const header = { ...headerOf(input), shape: [rows, ...input.shape.slice(1)], bytes };
    return { header, slices: parts.map((part) => part.data) };
  });
}

/**
 * Gives each request its rows of a batch's outputs; the parts share the batch's memory.
 * Returns undefined when an output does not have exactly one row for each of the inputs': then the outputs cannot be
 * told apart and none may be given away.
 */
export function splitOutputs(outputs: readonly Tensor[], rows: readonly number[]): Tensor[][] | undefined {
  const total = rows.reduce((sum, count) => sum + count, 0);
  if (outputs.some((output) => output.shape[0] !== total)) return undefined;
  const parts: Tensor[][] = rows.map(() => []);
  for (const output of outputs) {
    const pieces =
      BYTES_PER_ELEMENT[output.datatype] === 0 ? splitTexts(output, rows) : splitBytes(output, rows);
    for (const [index, data] of pieces.entries()) {
      parts[index]?.push({ ...output, shape: [rows[index] as number, ...output.shape.slice(1)], data });
    }
  }
  return parts;
}

function splitBytes(output: Tensor, rows: readonly number[]): Uint8Array[] {
  const rowBytes = byteLength(output.datatype, output.shape.slice(1)) as number;
  let offset = 0;
  return rows.map((count) => {
    const data = output.data.subarray(offset, offset + count * rowBytes);
    offset += count * rowBytes;
    return data;
  });
}

function splitTexts(output: Tensor, rows: readonly number[]): Uint8Array[] {
  const elements = decodeElements(output.data);
  const perRow = elementCount(output.shape.slice(1));
  let offset = 0;
  return rows.map((count) => {
    const part = elements.slice(offset, offset + count * perRow);
    offset += count * perRow;
    return encodeElements(part);
  });
}
