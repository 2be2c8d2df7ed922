import type { OutgoingHttpHeaders } from 'node:http2';
import type { Problem, ProblemCode } from '../protocol/problem.ts';

/** The numbers of gRPC's status codes. */
const STATUS_NUMBERS: Readonly<Record<ProblemCode, number>> = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Reads `grpc-timeout`, in ms; Infinity when there is none, or it is not one. Source: gRPC over HTTP/2. */
export function parseTimeoutMs(header: string | undefined): number {
  const [, amount, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(header ?? '') ?? [];
  return amount === undefined ? Number.POSITIVE_INFINITY : Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
}

/** The trailers that end a call well. */
export const OK_TRAILERS: OutgoingHttpHeaders = { 'grpc-status': '0' };

/** The trailers that end a call with a problem. */
export function problemTrailers({ code, message }: Pick<Problem, 'code' | 'message'>): OutgoingHttpHeaders {
  return { 'grpc-status': String(STATUS_NUMBERS[code]), 'grpc-message': encodeMessage(message) };
}

/** Percent-encodes what a header cannot hold: all but printable ASCII, and the percent sign itself. */
function encodeMessage(message: string): string {
  return message.replace(/[^ -$&-~]+/gu, (odd) => {
    const bytes = [...Buffer.from(odd)];
    return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}
