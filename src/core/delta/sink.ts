/** Where the answers of a stream go. */
export interface Sink {
  /** Whether it takes another answer now; it calls for more by `Engine.drained` when it does again. */
  readonly ready: boolean;
  /** Takes a gRPC frame; never refuses, but may be unready afterwards. */
  write(framed: Buffer): void;
  /** Ends the stream with a status. */
  end(status: StreamEnd): void;
}

/** Why the server ends a stream; the code's name is gRPC's. */
export interface StreamEnd {
  readonly code:
    | 'INVALID_ARGUMENT'
    | 'PERMISSION_DENIED'
    | 'FAILED_PRECONDITION'
    | 'RESOURCE_EXHAUSTED'
    | 'UNAVAILABLE'
    | 'INTERNAL';
  readonly message: string;
}

/** The request cannot be served; its stream ends so. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly end: StreamEnd;

  constructor(code: StreamEnd['code'], message: string) {
    super(message);
    this.end = { code, message };
  }
}
