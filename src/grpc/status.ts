/** gRPC's status codes, by their names. */
const STATUS_NUMBERS = {
  OK: 0,
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
} as const;

export type StatusName = keyof typeof STATUS_NUMBERS;

/** How a call ends. */
export interface CallEnd {
  readonly code: StatusName;
  readonly message: string;
}

/** A call that was answered. */
export const ENDED_WELL: CallEnd = { code: 'OK', message: '' };

/** Of a message so much is told, characters: what is longer than a client takes as headers would be lost whole. */
const TOLD = 1_000;

/** The header fields that tell a status. Source: "gRPC over HTTP2", the protocol's specification. */
export function statusFields({ code, message }: CallEnd): Record<string, string> {
  const fields = { 'grpc-status': String(STATUS_NUMBERS[code]) };
  return message === '' ? fields : { ...fields, 'grpc-message': percentEncode(message.slice(0, TOLD)) };
}

/** Encodes what a header cannot hold: all but printable ASCII, and the percent sign itself. */
function percentEncode(message: string): string {
  return message.replace(/[^ -$&-~]+/gu, (odd) => {
    const bytes = [...Buffer.from(odd)];
    return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}

/** What a method throws to end its call with a status. */
export class CallFailed extends Error implements CallEnd {
  override readonly name = 'CallFailed';
  readonly code: StatusName;

  constructor(code: StatusName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The end of a call that threw: its own where it named one, otherwise INTERNAL with the message. */
export function endOf(thrown: unknown): CallEnd {
  if (thrown instanceof CallFailed) return thrown;
  return { code: 'INTERNAL', message: thrown instanceof Error ? thrown.message : String(thrown) };
}
