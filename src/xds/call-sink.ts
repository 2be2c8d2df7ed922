import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Sink, StreamEnd } from '../core/delta/stream.ts';

export type RawCall = ServerDuplexStream<Buffer, Buffer>;

/** Bytes that a client may have before it and not have taken before it is told no more. */
const BYTES_AHEAD = 64 * 1024;
/** Small answers that may be under way at once. */
const ANSWERS_AHEAD = 16;
/** grpc-js frames messages itself. */
const GRPC_PREFIX = 5;

/** Gives answers to a gRPC stream, and knows when it takes no more. */
export class CallSink implements Sink {
  readonly #call: RawCall;
  readonly #drained: () => void;
  #bytes = 0;
  #answers = 0;
  #wasFull = false;
  #ended = false;

  constructor(call: RawCall, drained: () => void) {
    this.#call = call;
    this.#drained = drained;
  }

  get ready(): boolean {
    if (this.#ended) return false;
    const isFull = this.#bytes >= BYTES_AHEAD || this.#answers >= ANSWERS_AHEAD;
    if (isFull) this.#wasFull = true;
    return !isFull;
  }

  write(framed: Buffer): void {
    const { length } = framed;
    this.#bytes += length;
    this.#answers++;
    this.#call.write(framed.subarray(GRPC_PREFIX), () => {
      this.#bytes -= length;
      this.#answers--;
      if (!this.#wasFull || this.#ended || this.#bytes >= BYTES_AHEAD) return;
      this.#wasFull = false;
      this.#drained();
    });
  }

  end({ code, message }: StreamEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#call.emit('error', { code: status[code], details: message });
  }

  /** The client has said all it wanted. */
  finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#call.end();
  }
}
