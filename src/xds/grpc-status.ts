/** The gRPC status codes that are used, by their names. */
export const GRPC_STATUS = {
  OK: 0,
  INVALID_ARGUMENT: 3,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

export type GrpcStatusName = keyof typeof GRPC_STATUS;

/** How a call ends. */
export interface CallEnd {
  readonly code: GrpcStatusName;
  readonly message: string;
}

/** Of a message so much is told, characters: what is longer than a client takes as headers would be lost whole. */
const TOLD = 1_000;

/** The fields that tell a status; the message is percent-encoded, as gRPC over HTTP/2 has it. */
export function statusFields({ code, message }: CallEnd): Record<string, string | number> {
  const fields = { 'grpc-status': GRPC_STATUS[code] };
  return message === ''
    ? fields
    : { ...fields, 'grpc-message': encodeURI(message.slice(0, TOLD).toWellFormed()) };
}
