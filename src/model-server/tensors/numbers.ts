/// <reference lib="es2025.float16" />
import { BYTES_PER_ELEMENT, type Datatype } from './datatypes.ts';

/** Any typed array that holds a tensor's elements. */
export type Elements =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float16Array
  | Float32Array
  | Float64Array;

interface ElementsConstructor {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): Elements;
  from(values: Iterable<never>): Elements;
}

const CONSTRUCTORS: Readonly<Record<Exclude<Datatype, 'BYTES'>, unknown>> = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

function constructorOf(datatype: Exclude<Datatype, 'BYTES'>): ElementsConstructor {
  return CONSTRUCTORS[datatype] as ElementsConstructor;
}

/** The elements of a numeric tensor. Shares the memory of `data` where it is aligned, copies it otherwise. */
export function viewElements(datatype: Exclude<Datatype, 'BYTES'>, data: Uint8Array): Elements {
  const size = BYTES_PER_ELEMENT[datatype];
  const aligned = data.byteOffset % size === 0 ? data : new Uint8Array(data);
  return new (constructorOf(datatype))(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
}

/** A tensor's data from numbers, booleans or (for 64-bit integers) bigints, each turned into the element type. */
export function encodeNumbers(
  datatype: Exclude<Datatype, 'BYTES'>,
  values: readonly (number | bigint | boolean)[],
): Uint8Array {
  const wide = datatype === 'INT64' || datatype === 'UINT64';
  const converted = values.map((value) => (wide ? BigInt(value) : Number(value))) as never[];
  const elements = constructorOf(datatype).from(converted);
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
}
