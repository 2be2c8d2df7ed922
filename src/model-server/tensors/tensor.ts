import { BYTES_PER_ELEMENT, type Datatype } from './datatypes.ts';

/**
 * A named tensor as it travels: elements little-endian and row by row. A BYTES element is its length (4 bytes)
 * followed by its bytes.
 */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** What a model says of an input or output; a dimension of any size is -1. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** The inputs and outputs of a model. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** How many elements a shape holds; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** Bytes that a tensor of this type and shape takes, or undefined for BYTES, where only the data tells. */
export function byteLength(datatype: Datatype, shape: readonly number[]): number | undefined {
  const size = BYTES_PER_ELEMENT[datatype];
  return size === 0 ? undefined : size * elementCount(shape);
}
