import { gunzipSync, inflateSync } from 'node:zlib';
import { CallFailed } from './status.ts';

/** A gRPC message is preceded by whether it is compressed (1 byte) and its length (4 bytes, big-endian). */
const PREFIX_BYTES = 5;

/** What messages may be compressed with, as `grpc-encoding` names it. */
export type Encoding = 'gzip' | 'deflate';

const INFLATE = { gzip: gunzipSync, deflate: inflateSync };

/** A message as it goes over a stream. */
export function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/** What goes before a message that is written by itself. */
export function prefixOf(message: Uint8Array): Buffer {
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix[0] = 0;
  prefix.writeUInt32BE(message.length, 1);
  return prefix;
}

/** What a reader takes. */
export interface ReaderSettings {
  readonly maxBytes: number;
  /** The `grpc-encoding` that the call named; undefined for none. */
  readonly encoding: string | undefined;
  /** Those that are taken. */
  readonly encodings: readonly Encoding[];
}

/** Cuts the data of a stream into messages. */
export class MessageReader {
  readonly #settings: ReaderSettings;
  #pieces: Buffer[] = [];
  #length = 0;
  /** Bytes that the frame under way needs before it is worth looking again. */
  #needed = PREFIX_BYTES;

  constructor(settings: ReaderSettings) {
    this.#settings = settings;
  }

  /** Whether the stream may end here. */
  get isComplete(): boolean {
    return this.#length === 0;
  }

  /** @throws {CallFailed} a message is too large, or compressed in a way that is not taken */
  *read(data: Buffer): Generator<Buffer> {
    this.#pieces.push(data);
    this.#length += data.length;
    if (this.#length < this.#needed) return;
    const bytes = this.#pieces.length === 1 ? data : Buffer.concat(this.#pieces, this.#length);
    let at = 0;
    this.#needed = PREFIX_BYTES;
    while (bytes.length - at >= PREFIX_BYTES) {
      const length = this.#messageLength(bytes, at);
      if (bytes.length - at - PREFIX_BYTES < length) {
        this.#needed = PREFIX_BYTES + length;
        break;
      }
      const start = at + PREFIX_BYTES;
      const message = bytes.subarray(start, start + length);
      const isCompressed = bytes[at] !== 0;
      at = start + length;
      yield isCompressed ? this.#inflate(message) : message;
    }
    this.#pieces = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#length = bytes.length - at;
  }

  #messageLength(bytes: Buffer, at: number): number {
    const { maxBytes, encodings } = this.#settings;
    if (bytes[at] !== 0 && encodings.length === 0)
      throw new CallFailed('UNIMPLEMENTED', 'compressed messages are not read; send identity');
    const length = bytes.readUInt32BE(at + 1);
    if (length <= maxBytes) return length;
    throw tooLarge(`a message of ${length} bytes`, maxBytes);
  }

  #inflate(message: Buffer): Buffer {
    const { maxBytes, encodings, encoding = 'identity' } = this.#settings;
    const known = encodings.find((each) => each === encoding);
    if (!known)
      throw new CallFailed(
        'UNIMPLEMENTED',
        `grpc-encoding "${encoding}" is unknown; known are ${acceptedEncodings(encodings)}`,
      );
    try {
      return INFLATE[known](message, { maxOutputLength: maxBytes });
    } catch (error) {
      if (error instanceof RangeError) throw tooLarge('a message that was compressed', maxBytes);
      throw new CallFailed(
        'INVALID_ARGUMENT',
        `the message cannot be decompressed: ${(error as Error).message}`,
      );
    }
  }
}

/** The value of `grpc-accept-encoding`. */
export function acceptedEncodings(encodings: readonly Encoding[]): string {
  return ['identity', ...encodings].join(',');
}

function tooLarge(what: string, maxBytes: number): CallFailed {
  return new CallFailed('RESOURCE_EXHAUSTED', `${what} is larger than ${maxBytes} bytes`);
}
