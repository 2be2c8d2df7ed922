import { decodeElements } from '../tensors/strings.ts';
import { byteLength, elementCount, type Signature, type Tensor, type TensorSpec } from '../tensors/tensor.ts';
import { Problem } from './problem.ts';

/**
 * Holds a call's tensors against the model's signature, and returns them in the signature's order.
 * Throws INVALID_ARGUMENT naming the input, what is expected and what was given.
 */
export function validateInputs(signature: Signature, inputs: readonly Tensor[]): Tensor[] {
  const given = new Map(inputs.map((input) => [input.name, input]));
  if (given.size !== inputs.length) throw invalid('two inputs have the same name');
  for (const name of given.keys()) {
    if (signature.inputs.some((spec) => spec.name === name)) continue;
    throw invalid(`unknown input "${name}"; the model's inputs are ${listNames(signature.inputs)}`);
  }
  return signature.inputs.map((spec) => {
    const input = given.get(spec.name);
    if (!input) throw invalid(`input "${spec.name}" (${describe(spec)}) is missing`);
    validateInput(spec, input);
    return input;
  });
}

/** Throws INVALID_ARGUMENT when an output is asked for that the model does not have. */
export function validateOutputs(signature: Signature, outputs: readonly string[]): void {
  for (const name of outputs) {
    if (signature.outputs.some((spec) => spec.name === name)) continue;
    throw invalid(`unknown output "${name}"; the model's outputs are ${listNames(signature.outputs)}`);
  }
}

function validateInput(spec: TensorSpec, input: Tensor): void {
  const expected = describe(spec);
  if (input.datatype !== spec.datatype) {
    throw invalid(`input "${spec.name}" expects ${expected}, given ${describe(input)}`);
  }
  const fits =
    input.shape.length === spec.shape.length &&
    spec.shape.every((size, axis) =>
      size === -1 ? (input.shape[axis] ?? -1) >= 0 : size === input.shape[axis],
    );
  if (!fits) throw invalid(`input "${spec.name}" expects ${expected}, given ${describe(input)}`);
  validateSize(spec.name, input);
}

function validateSize(name: string, input: Tensor): void {
  const bytes = byteLength(input.datatype, input.shape);
  if (bytes === input.data.length) return;
  if (bytes === undefined) {
    validateElements(name, input);
    return;
  }
  throw invalid(`input "${name}" of ${describe(input)} takes ${bytes} bytes, given ${input.data.length}`);
}

function validateElements(name: string, input: Tensor): void {
  const expected = elementCount(input.shape);
  let given: number;
  try {
    given = decodeElements(input.data).length;
  } catch (thrown) {
    throw invalid(`input "${name}": ${(thrown as RangeError).message}`);
  }
  if (given !== expected)
    throw invalid(`input "${name}" of ${describe(input)} takes ${expected} elements, given ${given}`);
}

function describe(tensor: Pick<TensorSpec, 'datatype' | 'shape'>): string {
  return `${tensor.datatype} [${tensor.shape.join(', ')}]`;
}

function listNames(specs: readonly TensorSpec[]): string {
  return specs.map((spec) => `"${spec.name}"`).join(', ');
}

function invalid(message: string): Problem {
  return new Problem('INVALID_ARGUMENT', message);
}
