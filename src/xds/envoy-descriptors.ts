import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** First byte of a serialised FileDescriptorProto: field 1 (`name`), length-delimited. */
const NAME_TAG = 0x0a;
const NAME_SUFFIX = '.proto';
/** A file name longer than this has a two-byte length; none of Envoy's is. */
const LONGEST_NAME = 127;
const FILE_NAME = /^[\w./-]+\.proto$/;

/**
 * The protobuf descriptors that a program carries, found by their shape.
 *
 * C++ protobuf compiles every FileDescriptorProto into the program uncompressed. Each is recognised by its
 * first field, a file name, and ends where the fields stop being those of a FileDescriptorProto in order.
 *
 * @param program the bytes of an executable, such as Envoy's
 * @returns one descriptor a file name; of several candidates the longest
 */
export function extractDescriptors(program: Buffer): Map<string, FileDescriptorProto> {
  const found = new Map<string, { raw: Buffer; file: FileDescriptorProto }>();
  for (let at = program.indexOf(NAME_SUFFIX); at >= 0; at = program.indexOf(NAME_SUFFIX, at + 1)) {
    const raw = descriptorEndingNameAt(program, at + NAME_SUFFIX.length);
    const file = raw && decode(raw);
    if (!raw || !file || (file.package === '' && file.messageType.length === 0)) continue;
    if (raw.length > (found.get(file.name)?.raw.length ?? 0)) found.set(file.name, { raw, file });
  }
  return new Map([...found].map(([name, { file }]) => [name, file]));
}

/** The serialised descriptor whose `name` ends at this offset, if there is one. */
function descriptorEndingNameAt(program: Buffer, nameEnd: number): Buffer | undefined {
  const shortest = NAME_SUFFIX.length + 1;
  for (let length = shortest; length <= LONGEST_NAME && nameEnd - length >= 2; length++) {
    const start = nameEnd - length - 2;
    if (program[start] !== NAME_TAG || program[start + 1] !== length) continue;
    if (!FILE_NAME.test(program.toString('latin1', start + 2, nameEnd))) return undefined;
    return program.subarray(start, lastFieldEnd(program, nameEnd));
  }
  return undefined;
}

/** Where the run of fields that a serialiser would write after `name` ends. */
function lastFieldEnd(program: Buffer, from: number): number {
  let end = from;
  let last = 1;
  for (;;) {
    const tag = varint(program, end);
    if (!tag) return end;
    const field = tag.value >>> 3;
    const wire = tag.value & 7;
    if (field < last || field < 2 || field > 14) return end;
    const next = varint(program, tag.end);
    if (!next || (wire !== 0 && wire !== 2)) return end;
    end = wire === 2 ? next.end + next.value : next.end;
    last = field;
  }
}

function varint(bytes: Buffer, from: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[from + i];
    if (byte === undefined) return undefined;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return { value, end: from + i + 1 };
  }
  return undefined;
}

function decode(raw: Buffer): FileDescriptorProto | undefined {
  try {
    return fromBinary(FileDescriptorProtoSchema, raw);
  } catch {
    return undefined; // a file name in a string table, not a descriptor
  }
}
