import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameRefused, frameMessage, MessageReader } from './message-reader.ts';

const read = (reader: MessageReader, data: Buffer): string[] =>
  Array.from(reader.read(data), (m) => m.toString());

describe('messages on a gRPC stream', () => {
  test('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.nat(20)), (messages, cuts) => {
        let rest = Buffer.concat(messages.map((m) => frameMessage(Buffer.from(m))));
        const reader = new MessageReader(1_000);
        const received: string[] = [];
        for (const cut of cuts) {
          received.push(...read(reader, rest.subarray(0, cut)));
          rest = rest.subarray(cut);
        }
        received.push(...read(reader, rest));
        expect(received).toEqual(messages);
      }),
    );
  });

  test.each([
    ['a message that is too large is refused by its length alone', [0, 0, 0, 0, 11], 'RESOURCE_EXHAUSTED'],
    ['a compressed message is refused', [1, 0, 0, 0, 1, 65], 'UNIMPLEMENTED'],
    ['a length of four gigabytes', [0, 255, 255, 255, 255], 'RESOURCE_EXHAUSTED'],
  ])('%s', (_, bytes, code) => {
    const reader = new MessageReader(10);
    expect(() => read(reader, Buffer.from(bytes))).toThrow(FrameRefused);
    expect(() => read(new MessageReader(10), Buffer.from(bytes))).toThrow(expect.objectContaining({ code }));
  });
});
