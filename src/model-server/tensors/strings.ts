const LENGTH_BYTES = 4;

/** Writes elements of a BYTES tensor: each its length (4 bytes, little-endian), then its bytes. */
export function encodeElements(elements: readonly Uint8Array[]): Uint8Array {
  const data = Buffer.alloc(elements.reduce((bytes, element) => bytes + LENGTH_BYTES + element.length, 0));
  let offset = 0;
  for (const element of elements) {
    offset = data.writeUInt32LE(element.length, offset);
    data.set(element, offset);
    offset += element.length;
  }
  return data;
}

/**
 * Reads the elements of a BYTES tensor; they share the memory of `data`.
 * Throws a RangeError when a length runs past the end.
 */
export function decodeElements(data: Uint8Array): Uint8Array[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const elements: Uint8Array[] = [];
  let offset = 0;
  while (offset < data.length) {
    const end =
      offset + LENGTH_BYTES <= data.length
        ? offset + LENGTH_BYTES + view.getUint32(offset, true)
        : Number.NaN;
    if (!(end <= data.length))
      throw new RangeError(`element ${elements.length} runs past the end of the data`);
    elements.push(data.subarray(offset + LENGTH_BYTES, end));
    offset = end;
  }
  return elements;
}

/** The elements of a BYTES tensor as text (UTF-8). */
export function decodeTexts(data: Uint8Array): string[] {
  return decodeElements(data).map((element) =>
    Buffer.from(element.buffer, element.byteOffset, element.length).toString(),
  );
}

/** A BYTES tensor's data from texts (UTF-8). */
export function encodeTexts(texts: readonly string[]): Uint8Array {
  return encodeElements(texts.map((text) => Buffer.from(text)));
}
