import { BYTES_PER_ELEMENT } from '../tensors/datatypes.ts';
import { encodeNumbers, viewElements } from '../tensors/numbers.ts';
import { encodeTexts } from '../tensors/strings.ts';
import { elementCount, type Signature, type Tensor, type TensorSpec } from '../tensors/tensor.ts';

/**
 * Inputs that any model of this signature should take: small numbers that differ from row to row (0 and 1 for whole
 * numbers, so that they are valid as indices), empty texts.
 *
 * `rows` fills the first dimension where it is free, `freeSize` every other free dimension.
 */
export function dummyInputs(signature: Signature, rows: number, freeSize: number): Tensor[] {
  return signature.inputs.map((spec) => dummyInput(spec, rows, freeSize));
}

function dummyInput({ name, datatype, shape: declared }: TensorSpec, rows: number, freeSize: number): Tensor {
  const shape = declared.map((size, axis) => (size !== -1 ? size : axis === 0 ? rows : freeSize));
  const count = elementCount(shape);
  if (datatype === 'BYTES')
    return { name, datatype, shape, data: encodeTexts(new Array<string>(count).fill('')) };
  const fraction = datatype.startsWith('FP');
  const values = Array.from({ length: count }, (_, index) => {
    const spread = (index * 0.6180339887498949 + 0.37) % 1;
    return fraction ? spread : spread < 0.5 ? 0 : 1;
  });
  return { name, datatype, shape, data: encodeNumbers(datatype, values) };
}

const RELATIVE_TOLERANCE = 1e-2;
const ABSOLUTE_TOLERANCE = 1e-4;

/** Whether two answers are the same up to rounding (kernels differ between batch sizes). */
export function sameOutputs(left: readonly Tensor[], right: readonly Tensor[]): boolean {
  return left.length === right.length && left.every((output, index) => sameTensor(output, right[index]));
}

function sameTensor(left: Tensor, right: Tensor | undefined): boolean {
  if (
    right === undefined ||
    left.shape.join() !== right.shape.join() ||
    left.data.length !== right.data.length
  ) {
    return false;
  }
  if (BYTES_PER_ELEMENT[left.datatype] === 0 || !left.datatype.startsWith('FP')) {
    return Buffer.compare(left.data, right.data) === 0;
  }
  const datatype = left.datatype as 'FP16' | 'FP32' | 'FP64';
  const others = viewElements(datatype, right.data);
  return (viewElements(datatype, left.data) as Float32Array).every((value, index) => {
    const other = others[index] as number;
    return (
      Object.is(value, other) ||
      Math.abs(value - other) <= ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * Math.abs(value)
    );
  });
}
