import type { Tensor as OrtTensor } from 'onnxruntime-node';

/** A tensor's element type as the Open Inference Protocol names it. */
export type Datatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

/** Bytes of one element; 0 for BYTES, whose elements each carry their length. */
export const BYTES_PER_ELEMENT: Readonly<Record<Datatype, number>> = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: 0,
};

const BY_RUNTIME_TYPE: Partial<Record<OrtTensor.Type, Datatype>> = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
};

const TO_RUNTIME_TYPE = new Map(Object.entries(BY_RUNTIME_TYPE).map(([type, datatype]) => [datatype, type]));

/** The protocol's name of a runtime's element type, or undefined for one the protocol has no name for (4-bit integers). */
export function datatypeOf(runtimeType: OrtTensor.Type): Datatype | undefined {
  return BY_RUNTIME_TYPE[runtimeType];
}

/** The runtime's name of an element type. */
export function runtimeTypeOf(datatype: Datatype): OrtTensor.Type {
  return TO_RUNTIME_TYPE.get(datatype) as OrtTensor.Type;
}

/** Whether a text is the name of an element type. */
export function isDatatype(text: string): text is Datatype {
  return Object.hasOwn(BYTES_PER_ELEMENT, text);
}
