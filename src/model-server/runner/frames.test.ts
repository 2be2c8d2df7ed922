import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Frame, FrameReader, frameOf, paddingAfter } from './frames.ts';

const framesFrom = (bytes: Uint8Array, cuts: readonly number[]) => {
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort(
    (left, right) => left - right,
  );
  let from = 0;
  for (const to of [...places, bytes.length]) {
    reader.push(bytes.subarray(from, to));
    from = to;
  }
  return frames;
};

describe('frames', () => {
  it('arrive as they were sent, however the stream is cut', () => {
    const parts = fc.array(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }), { maxLength: 3 });
    const sent = fc.array(fc.tuple(fc.record({ note: fc.string() }), parts), { maxLength: 4 });
    fc.assert(
      fc.property(sent, fc.array(fc.nat(), { maxLength: 20 }), (messages, cuts) => {
        const stream = Buffer.concat(messages.flatMap(([header, payload]) => frameOf(header, payload)));
        const frames = framesFrom(stream, cuts);
        expect(frames.map(({ header }) => header)).toEqual(messages.map(([header]) => header));
        for (const [index, [, slices]] of messages.entries()) {
          const expected = slices.map((part) => {
            const joined = Buffer.concat(part);
            return Buffer.concat([joined, Buffer.alloc(paddingAfter(joined.length))]);
          });
          expect(Buffer.compare(frames[index]?.payload ?? new Uint8Array(1), Buffer.concat(expected))).toBe(
            0,
          );
        }
      }),
    );
  });

  it.each([0, 1, 7, 8, 13])('have their payload aligned to 8 bytes behind a note of %i letters', (length) => {
    const [frame] = framesFrom(
      Buffer.concat(frameOf({ note: 'x'.repeat(length) }, [[new Uint8Array(3)]])),
      [],
    );
    expect((frame?.payload.byteOffset ?? 1) % 8).toBe(0);
    expect(frame?.payload.length).toBe(8);
  });
});
