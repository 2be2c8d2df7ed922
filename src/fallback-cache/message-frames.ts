const PREFIX_BYTES = 5;

/**
 * Cuts a gRPC stream into its messages: a byte for compression, four for the length, the message.
 * @throws Error where a message is compressed or longer than `longest`
 */
export class MessageFrames {
  readonly #longest: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The messages that are complete with this chunk. */
  push(chunk: Buffer): readonly Buffer[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    while (rest.length >= PREFIX_BYTES) {
      if (rest[0] !== 0) throw new Error('a compressed message was not asked for');
      const length = rest.readUInt32BE(1);
      if (length > this.#longest) throw new Error(`a message of ${length} bytes; ${this.#longest} at most`);
      if (rest.length < PREFIX_BYTES + length) break;
      messages.push(rest.subarray(PREFIX_BYTES, PREFIX_BYTES + length));
      rest = rest.subarray(PREFIX_BYTES + length);
    }
    this.#rest = rest;
    return messages;
  }
}
