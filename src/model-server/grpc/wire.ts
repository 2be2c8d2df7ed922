/** Wire types of protocol buffers. */
export const VARINT = 0;
export const LENGTH_DELIMITED = 2;

/** Reads protocol buffers from bytes, for the few messages that are read too often for the general way. */
export class WireReader {
  readonly #bytes: Buffer;
  #offset: number;
  readonly #end: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#offset >= this.#end;
  }

  /** A varint of up to 53 bits; NaN for a larger (or negative) one, or when it is cut off. */
  varint(): number {
    let value = 0;
    let factor = 1;
    while (this.#offset < this.#end) {
      const byte = this.#bytes[this.#offset++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
      factor *= 128;
    }
    return Number.NaN;
  }

  /** The bytes of a length-delimited field, sharing memory; undefined when it is cut off. */
  bytes(): Buffer | undefined {
    const end = this.#advance();
    return end === undefined ? undefined : this.#bytes.subarray(end.from, end.to);
  }

  /** The text of a length-delimited field; undefined when it is cut off. */
  text(): string | undefined {
    const end = this.#advance();
    return end === undefined ? undefined : this.#bytes.toString('utf8', end.from, end.to);
  }

  /** A reader of a length-delimited field; undefined when it is cut off. */
  message(): WireReader | undefined {
    const end = this.#advance();
    return end === undefined ? undefined : new WireReader(this.#bytes, end.from, end.to);
  }

  #advance(): { from: number; to: number } | undefined {
    const from = this.#offset;
    const length = this.varint();
    const to = this.#offset + length;
    if (!(to <= this.#end)) {
      this.#offset = from;
      return undefined;
    }
    const place = { from: this.#offset, to };
    this.#offset = to;
    return place;
  }
}

/** How many bytes a varint takes. */
export function varintLength(value: number): number {
  let length = 1;
  for (let left = value; left >= 128; left = Math.floor(left / 128)) length++;
  return length;
}

/** How many bytes a length-delimited field takes, its one-byte tag included. */
export function fieldLength(contentLength: number): number {
  return 1 + varintLength(contentLength) + contentLength;
}

/** Writes protocol buffers into a buffer that is large enough. */
export class WireWriter {
  readonly buffer: Buffer;
  #offset = 0;

  constructor(length: number) {
    this.buffer = Buffer.allocUnsafe(length);
  }

  varint(value: number): void {
    let left = value;
    for (; left >= 128; left = Math.floor(left / 128)) this.buffer[this.#offset++] = (left % 128) | 0x80;
    this.buffer[this.#offset++] = left;
  }

  /** The tag and the length of a field below 16. */
  open(field: number, contentLength: number): void {
    this.buffer[this.#offset++] = (field << 3) | LENGTH_DELIMITED;
    this.varint(contentLength);
  }

  bytes(field: number, content: Uint8Array): void {
    this.open(field, content.length);
    this.buffer.set(content, this.#offset);
    this.#offset += content.length;
  }

  /** A text of so many bytes; an empty one is left out, as proto3 wants it. */
  text(field: number, content: string, contentLength: number): void {
    if (contentLength === 0) return;
    this.open(field, contentLength);
    this.#offset += this.buffer.write(content, this.#offset);
  }
}
