import type { Random } from '../bench/statistics/random.ts';

const LONGEST = 4_096;
/** Values at which arithmetic on lengths and numbers goes wrong. */
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x0a, 0x22, 0x2d, 0x30, 0x3a, 0x5b, 0x7b, 0x7d];

/**
 * Bytes like the given ones, changed at one to eight places: bits, bytes, runs that are cut out, doubled, put in from
 * another input, or set to what is interesting.
 */
export function mutate(input: Buffer, other: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(input);
  const below = (n: number): number => Math.floor(random.next() * n);
  for (let left = 1 + below(8); left > 0; left--) {
    const at = below(bytes.length + 1);
    const length = 1 + below(Math.min(64, bytes.length + 1));
    switch (below(7)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 1:
        if (at < bytes.length) bytes[at] = below(256);
        break;
      case 2:
        if (at < bytes.length) bytes[at] = INTERESTING[below(INTERESTING.length)] ?? 0;
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      case 5: {
        const from = below(other.length + 1);
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          other.subarray(from, from + length),
          bytes.subarray(at),
        ]);
        break;
      }
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(length, below(256)), bytes.subarray(at)]);
    }
  }
  return bytes.subarray(0, LONGEST);
}
