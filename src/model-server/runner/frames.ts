/**
 * The framing between the server and a runner: header length and payload length (4 bytes each, little-endian), the
 * header as JSON, then the payload. The payload's parts start at multiples of 8, so that every tensor can be viewed
 * in place.
 */
const PREFIX_BYTES = 8;

const ALIGNMENT = 8;
const PADDING = new Uint8Array(ALIGNMENT);

/** How many bytes of padding follow a part of this length. */
export function paddingAfter(byteLength: number): number {
  return (ALIGNMENT - (byteLength % ALIGNMENT)) % ALIGNMENT;
}

/**
 * The pieces of one frame, to be written one after the other; nothing is copied.
 * A part is a list of slices that follow each other without a gap.
 */
export function frameOf(header: object, parts: readonly (readonly Uint8Array[])[]): Uint8Array[] {
  const headerBytes = Buffer.from(JSON.stringify(header));
  const payload: Uint8Array[] = [];
  let payloadBytes = 0;
  for (const slices of parts) {
    const bytes = slices.reduce((sum, slice) => sum + slice.length, 0);
    const padding = paddingAfter(bytes);
    payload.push(...slices);
    if (padding > 0) payload.push(PADDING.subarray(0, padding));
    payloadBytes += bytes + padding;
  }
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(headerBytes.length, 0);
  prefix.writeUInt32LE(payloadBytes, 4);
  return [prefix, headerBytes, ...payload];
}

/** How many bytes the frame that begins here has in all; undefined where not even that is told. */
export function frameBytes(bytes: Uint8Array): number | undefined {
  if (bytes.length < PREFIX_BYTES) return undefined;
  const prefix = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES);
  return PREFIX_BYTES + prefix.getUint32(0, true) + prefix.getUint32(4, true);
}

/** One frame as read. */
export interface Frame {
  readonly header: unknown;
  readonly payload: Uint8Array;
}

/** Puts frames together from the chunks of a stream, copying each byte once. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  #target = Buffer.alloc(PREFIX_BYTES);
  #filled = 0;
  #headerBytes = -1;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length) {
      const taken = Math.min(chunk.length - offset, this.#target.length - this.#filled);
      this.#target.set(chunk.subarray(offset, offset + taken), this.#filled);
      this.#filled += taken;
      offset += taken;
      if (this.#filled === this.#target.length) this.#complete();
    }
  }

  #complete(): void {
    if (this.#headerBytes < 0) {
      this.#headerBytes = this.#target.readUInt32LE(0);
      // The header is put at the end of its room, so that the payload behind it starts aligned.
      const room = this.#headerBytes + paddingAfter(this.#headerBytes);
      const body = Buffer.allocUnsafeSlow(room + this.#target.readUInt32LE(4));
      this.#target = body.subarray(room - this.#headerBytes);
    } else {
      const header = JSON.parse(this.#target.toString('utf8', 0, this.#headerBytes)) as unknown;
      const payload = this.#target.subarray(this.#headerBytes);
      this.#target = Buffer.alloc(PREFIX_BYTES);
      this.#headerBytes = -1;
      this.#filled = 0;
      this.#onFrame({ header, payload });
      return;
    }
    this.#filled = 0;
  }
}
