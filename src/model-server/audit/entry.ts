import { hash } from 'node:crypto';
import type { InferenceRequest } from '../protocol/inference.ts';
import type { CallRecord } from '../serving/inference.ts';
import { viewElements } from '../tensors/numbers.ts';
import { decodeTexts } from '../tensors/strings.ts';
import type { Tensor } from '../tensors/tensor.ts';

/** How much of a call an entry tells. */
export interface AuditBounds {
  /** Bytes of JSON that the values of all its tensors take together at most. */
  readonly maxBytes: number;
  /** Tensors of which neither values nor a hash are written; `*`: all of them. */
  readonly redacted: ReadonlySet<string>;
}

/** A tensor of an entry. What is redacted has no hash either: of few possible values, a hash tells which one it was. */
interface AuditedTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly redacted?: true;
  /** Of the data as it travels in the protocol. */
  readonly sha256?: string;
  readonly values?: readonly unknown[];
  /** There are more values than are written. */
  readonly truncated?: true;
}

/** One call as the audit tells it, a line of JSON. */
export interface AuditEntry {
  readonly at: string;
  readonly model: string;
  readonly version: string;
  readonly code: string;
  readonly message?: string;
  readonly traceId?: string;
  readonly cached: boolean;
  readonly totalMs: number;
  readonly inputs: readonly AuditedTensor[];
  readonly outputs: readonly AuditedTensor[];
}

const MESSAGE_LENGTH = 200;

/** @param outputs what was answered; nothing where the call failed */
export function auditEntry(
  { labels, code, message, startedEpochMs, totalMs, cached, trace }: CallRecord,
  { inputs }: Pick<InferenceRequest, 'inputs'>,
  outputs: readonly Tensor[],
  { maxBytes, redacted }: AuditBounds,
): AuditEntry {
  let left = maxBytes;
  const audited = (tensor: Tensor): AuditedTensor => {
    const { name, datatype, shape, data } = tensor;
    if (redacted.has(name) || redacted.has('*')) return { name, datatype, shape, redacted: true };
    const { values, bytes, truncated } = firstValues(tensor, left);
    left -= bytes;
    const cut = truncated ? ({ truncated } as const) : {};
    return { name, datatype, shape, sha256: hash('sha256', data), values, ...cut };
  };
  // The answer is short, and has the first claim on the bytes that there are.
  const answered = outputs.map(audited);
  return {
    at: new Date(startedEpochMs).toISOString(),
    ...labels,
    code,
    ...(message === '' ? {} : { message: message.slice(0, MESSAGE_LENGTH) }),
    ...(trace === undefined ? {} : { traceId: trace.traceId }),
    cached,
    totalMs: Math.round(totalMs * 1000) / 1000,
    inputs: inputs.map(audited),
    outputs: answered,
  };
}

interface FirstValues {
  readonly values: readonly unknown[];
  readonly bytes: number;
  readonly truncated: boolean;
}

/** As many values as there are bytes for; the work is bounded by these as well. */
function firstValues(tensor: Tensor, maxBytes: number): FirstValues {
  const values: unknown[] = [];
  let bytes = 0;
  for (const value of valuesOf(tensor)) {
    const written = JSON.stringify(value);
    const size = Buffer.byteLength(written) + 1;
    if (bytes + size > maxBytes) return { values, bytes, truncated: true };
    bytes += size;
    values.push(value);
  }
  return { values, bytes, truncated: false };
}

/** One by one, so that a large tensor is not written out to be thrown away; what JSON has no number for is a text. */
function* valuesOf({ datatype, data }: Tensor): Generator<string | number> {
  if (datatype === 'BYTES') {
    yield* decodeTexts(data);
    return;
  }
  for (const value of viewElements(datatype, data))
    yield typeof value === 'number' && Number.isFinite(value) ? value : String(value);
}
