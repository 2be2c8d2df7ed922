/** Bytes of the frame before each message: one that says whether it is compressed, four of length. */
const PREFIX = 5;

/** A frame that is not accepted. */
export class FrameRefused extends Error {
  override readonly name = 'FrameRefused';
  readonly code: 'RESOURCE_EXHAUSTED' | 'UNIMPLEMENTED';

  constructor(code: FrameRefused['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** A message as it goes over a gRPC stream. */
export function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(PREFIX + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX);
  return framed;
}

/** Cuts the data of a gRPC stream into messages. */
export class MessageReader {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #length = 0;
  /** Bytes that the frame under way needs before it is worth looking again. */
  #needed = PREFIX;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws {FrameRefused} a message is too large, or compressed */
  *read(data: Buffer): Generator<Buffer> {
    this.#pieces.push(data);
    this.#length += data.length;
    if (this.#length < this.#needed) return;
    const bytes = this.#pieces.length === 1 ? data : Buffer.concat(this.#pieces, this.#length);
    let at = 0;
    this.#needed = PREFIX;
    while (bytes.length - at >= PREFIX) {
      const length = this.#messageLength(bytes, at);
      if (bytes.length - at - PREFIX < length) {
        this.#needed = PREFIX + length;
        break;
      }
      const start = at + PREFIX;
      at = start + length;
      yield bytes.subarray(start, at);
    }
    this.#pieces = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#length = bytes.length - at;
  }

  #messageLength(bytes: Buffer, at: number): number {
    if (bytes[at] !== 0)
      throw new FrameRefused('UNIMPLEMENTED', 'compressed messages are not read; send identity');
    const length = bytes.readUInt32BE(at + 1);
    if (length <= this.#maxBytes) return length;
    throw new FrameRefused(
      'RESOURCE_EXHAUSTED',
      `a message of ${length} bytes is larger than ${this.#maxBytes}`,
    );
  }
}
