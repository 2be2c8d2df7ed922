/** The few pieces of the protobuf wire format that requests and answers are made of. */

/** The bytes are not what they should be; the message says where. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Steps through the fields of one message: `next()`, then the value of the field that `field` names. */
export class FieldReader {
  readonly bytes: Buffer;
  readonly end: number;
  position: number;
  field = 0;
  wire = 0;
  /** Where the field that was read last begins, with its tag. */
  start = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** Reads the next tag; false at the end of the message. */
  next(): boolean {
    if (this.position >= this.end) return false;
    this.start = this.position;
    const tag = this.varint();
    this.field = tag >>> 3;
    this.wire = tag & 7;
    if (this.field === 0) throw new MalformedMessage(`field number 0 at byte ${this.start}`);
    return true;
  }

  /** A varint below 2^53; the high bits of a larger one are lost. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.position < this.end ? this.bytes[this.position++] : undefined;
      if (byte === undefined) throw new MalformedMessage(`a number breaks off at byte ${this.position}`);
      if (i < 8) value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return value;
    }
    throw new MalformedMessage(`a number has more than 10 bytes at byte ${this.position}`);
  }

  /** Moves behind a length-delimited value and returns where it begins. */
  enter(): number {
    if (this.wire !== BYTES) {
      throw new MalformedMessage(
        `field ${this.field} at byte ${this.start} has wire type ${this.wire}, not ${BYTES}`,
      );
    }
    const length = this.varint();
    const start = this.position;
    if (length > this.end - start) {
      throw new MalformedMessage(`field ${this.field} at byte ${this.start} is longer than the message`);
    }
    this.position = start + length;
    return start;
  }

  /** Where these fields begin with one of `known`, byte for byte, moves behind it. */
  skipKnown(known: Iterable<Buffer>): boolean {
    for (const run of known) {
      const end = this.start + run.length;
      if (end > this.end || this.bytes.compare(run, 0, run.length, this.start, end) !== 0) continue;
      this.position = end;
      return true;
    }
    return false;
  }

  /** @param most bytes to read; the rest is passed over */
  text(most = Number.POSITIVE_INFINITY): string {
    const start = this.enter();
    return this.bytes.toString('utf8', start, Math.min(this.position, start + most));
  }

  skip(): void {
    if (this.wire === BYTES) this.enter();
    else if (this.wire === VARINT) this.varint();
    else if (this.wire === FIXED64) this.position += 8;
    else if (this.wire === FIXED32) this.position += 4;
    else throw new MalformedMessage(`wire type ${this.wire} at byte ${this.start}`);
    if (this.position > this.end)
      throw new MalformedMessage(`field ${this.field} at byte ${this.start} breaks off`);
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Writes a varint and returns the offset behind it. */
function putVarint(into: Buffer, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest >= 128) {
    into[end++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  into[end++] = rest;
  return end;
}

/** A length-delimited field: tag, length, value. */
export function bytesField(field: number, value: Uint8Array): Buffer {
  const tag = field * 8 + BYTES;
  const out = Buffer.allocUnsafe(varintLength(tag) + varintLength(value.length) + value.length);
  out.set(value, putVarint(out, putVarint(out, 0, tag), value.length));
  return out;
}

/** A string field; nothing for an empty string, as proto3 has it. */
export function textField(field: number, value: string): Buffer {
  return value === '' ? Buffer.alloc(0) : bytesField(field, Buffer.from(value, 'utf8'));
}

/** A varint field; nothing for 0, as proto3 has it. */
export function varintField(field: number, value: number): Buffer {
  if (value === 0) return Buffer.alloc(0);
  const tag = field * 8 + VARINT;
  const out = Buffer.allocUnsafe(varintLength(tag) + varintLength(value));
  putVarint(out, putVarint(out, 0, tag), value);
  return out;
}
