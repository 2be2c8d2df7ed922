import { gunzipSync, inflateSync } from 'node:zlib';
import { Problem } from '../protocol/problem.ts';

/** A gRPC message is preceded by whether it is compressed (1 byte) and its length (4 bytes, big-endian). */
const PREFIX_BYTES = 5;
/** Up to here a message is copied behind its prefix: one write costs more than the copy. */
const COPIED_BYTES = 64 * 1_024;

/** What a message may be compressed with, as `grpc-encoding` names it. */
export const ACCEPTED_ENCODINGS = 'identity,deflate,gzip';

/** The pieces to write for a message. */
export function frameMessage(message: Uint8Array): Uint8Array[] {
  const copied = message.length <= COPIED_BYTES;
  const first = Buffer.allocUnsafe(copied ? PREFIX_BYTES + message.length : PREFIX_BYTES);
  first[0] = 0;
  first.writeUInt32BE(message.length, 1);
  if (!copied) return [first, message];
  first.set(message, PREFIX_BYTES);
  return [first];
}

export interface MessageReaderSettings {
  readonly maxBytes: number;
  /** The `grpc-encoding` of the messages. */
  readonly encoding: string;
  readonly onMessage: (message: Buffer) => void;
}

/** Takes the messages out of a stream of bytes. */
export class MessageReader {
  readonly #settings: MessageReaderSettings;
  #pending: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** How many bytes there must be before it is worth looking again. */
  #needed = PREFIX_BYTES;

  constructor(settings: MessageReaderSettings) {
    this.#settings = settings;
  }

  /** Whether the stream may end here. */
  get complete(): boolean {
    return this.#bytes === 0;
  }

  /** Throws RESOURCE_EXHAUSTED for a message that is too large, UNIMPLEMENTED for an unknown compression. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= this.#needed) {
      this.#gather();
      const length = this.#pending.readUInt32BE(1);
      if (length > this.#settings.maxBytes) throw tooLarge(length, this.#settings.maxBytes);
      this.#needed = PREFIX_BYTES + length;
      if (this.#bytes < this.#needed) break;
      const message = this.#pending.subarray(PREFIX_BYTES, this.#needed);
      const compressed = this.#pending[0] === 1;
      this.#chunks = [this.#pending.subarray(this.#needed)];
      this.#bytes -= this.#needed;
      this.#needed = PREFIX_BYTES;
      this.#settings.onMessage(compressed ? this.#inflate(message) : message);
    }
  }

  #gather(): void {
    const [only] = this.#chunks;
    this.#pending = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks, this.#bytes);
    this.#chunks = [this.#pending];
  }

  #inflate(message: Buffer): Buffer {
    const { encoding, maxBytes } = this.#settings;
    try {
      if (encoding === 'gzip') return gunzipSync(message, { maxOutputLength: maxBytes });
      if (encoding === 'deflate') return inflateSync(message, { maxOutputLength: maxBytes });
    } catch (error) {
      if (error instanceof RangeError) throw tooLarge(undefined, maxBytes);
      throw new Problem(
        'INVALID_ARGUMENT',
        `the message cannot be decompressed: ${(error as Error).message}`,
      );
    }
    throw new Problem(
      'UNIMPLEMENTED',
      `grpc-encoding "${encoding}" is unknown; known are ${ACCEPTED_ENCODINGS}`,
    );
  }
}

function tooLarge(length: number | undefined, maxBytes: number): Problem {
  const size = length === undefined ? '' : `of ${length} bytes `;
  return new Problem(
    'RESOURCE_EXHAUSTED',
    `a message ${size}is larger than ${maxBytes} bytes (--max-message-size)`,
  );
}
