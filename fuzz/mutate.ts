import type { Random } from '../bench/statistics/random.ts';

/** No input is longer, bytes. */
export const LONGEST = 4_096;
const LONGEST_RUN = 64;
/** Values at which arithmetic on lengths and numbers goes wrong. */
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x0a, 0x22, 0x2d, 0x30, 0x3a, 0x5b, 0x7b, 0x7d];
/** Runs of bytes that single changes would hardly come upon: lengths without an end, numbers that are none. */
const INTERESTING_RUNS = [
  Buffer.from([0xff, 0xff, 0xff, 0xff]),
  Buffer.from([0xff, 0xff, 0xff, 0x7f]),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
  Buffer.from([0, 0, 0, 0, 0, 0, 0xf8, 0x7f]),
  ...[
    '1e999',
    '-1',
    '9007199254740993',
    'NaN',
    'null',
    '[]',
    '{}',
    '""',
    '"__proto__"',
    '\u2028',
    '\ud800',
  ].map((text) => Buffer.from(text)),
];

/** Makes inputs like given ones. One buffer serves them all: what is made is good until the next is. */
export class Mutator {
  readonly #random: Random;
  readonly #bytes = Buffer.alloc(LONGEST + LONGEST_RUN);
  #length = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * Bytes like the given ones, changed at one to eight places: bits, bytes, runs that are cut out, doubled, put in from
   * another input, or set to what is interesting.
   */
  mutate(input: Buffer, other: Buffer): Buffer {
    this.#length = input.copy(this.#bytes, 0, 0, LONGEST);
    for (let left = 1 + this.#below(8); left > 0; left--) this.#change(other);
    return this.#bytes.subarray(0, this.#length);
  }

  #change(other: Buffer): void {
    const bytes = this.#bytes;
    const at = this.#below(this.#length + 1);
    const run = 1 + this.#below(Math.min(LONGEST_RUN, this.#length + 1));
    switch (this.#below(8)) {
      case 0:
        if (at < this.#length) bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#below(8));
        break;
      case 1:
        if (at < this.#length) bytes[at] = this.#below(256);
        break;
      case 2:
        if (at < this.#length) bytes[at] = INTERESTING[this.#below(INTERESTING.length)] ?? 0;
        break;
      case 3:
        bytes.copyWithin(at, Math.min(this.#length, at + run), this.#length);
        this.#length = Math.max(at, this.#length - run);
        break;
      case 4:
        this.#makeRoom(at, Math.min(run, this.#length - at));
        break;
      case 5:
        this.#insert(at, other, this.#below(other.length + 1), run);
        break;
      case 6: {
        const found = INTERESTING_RUNS[this.#below(INTERESTING_RUNS.length)] ?? other;
        this.#insert(at, found, 0, found.length);
        break;
      }
      default:
        bytes.fill(this.#below(256), at, at + this.#makeRoom(at, run));
    }
  }

  #insert(at: number, from: Buffer, start: number, most: number): void {
    const room = this.#makeRoom(at, Math.min(most, from.length - start));
    from.copy(this.#bytes, at, start, start + room);
  }

  /** Moves what follows by so many bytes, as far as there is room. What stands in between is what stood there before. */
  #makeRoom(at: number, wanted: number): number {
    const room = Math.max(0, Math.min(wanted, LONGEST - at));
    this.#bytes.copyWithin(at + room, at, Math.min(this.#length, LONGEST - room));
    this.#length = Math.min(LONGEST, this.#length + room);
    return room;
  }

  #below(n: number): number {
    return Math.floor(this.#random.next() * n);
  }
}
