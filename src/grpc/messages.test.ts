import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameMessage, MessageReader, prefixOf } from './messages.ts';
import { CallFailed } from './status.ts';

function read(chunks: readonly Uint8Array[], encoding?: string, maxBytes = 100_000) {
  const reader = new MessageReader({ maxBytes, encoding, encodings: ['gzip', 'deflate'] });
  const messages = chunks.flatMap((chunk) =>
    Array.from(reader.read(Buffer.from(chunk)), (m) => Buffer.from(m)),
  );
  return { messages, isComplete: reader.isComplete };
}

function compressed(message: Uint8Array): Buffer {
  const frame = frameMessage(message);
  frame[0] = 1;
  return frame;
}

describe('gRPC messages', () => {
  it('are read as they were written, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 30 }),
        (sent, sizes) => {
          const stream = Buffer.concat(sent.map(frameMessage));
          const chunks: Buffer[] = [];
          let from = 0;
          for (const size of sizes) {
            chunks.push(stream.subarray(from, from + size));
            from = Math.min(stream.length, from + size);
          }
          const { messages, isComplete } = read([...chunks, stream.subarray(from)]);
          expect(messages).toEqual(sent.map((message) => Buffer.from(message)));
          expect(isComplete).toBe(true);
        },
      ),
    );
  });

  it('may be written behind their prefix', () => {
    const message = new Uint8Array(70_000).fill(7);
    expect(read([prefixOf(message), message]).messages).toEqual([Buffer.from(message)]);
  });

  it('are not complete when they are cut off', () => {
    const frame = frameMessage(Uint8Array.of(1, 2, 3));
    expect(read([frame.subarray(0, -1)])).toEqual({ messages: [], isComplete: false });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('may be compressed with %s', (encoding, compress) => {
    const message = Buffer.from('x'.repeat(1_000));
    expect(read([compressed(compress(message))], encoding).messages).toEqual([message]);
  });

  const zeros = () => [compressed(gzipSync(Buffer.alloc(9_999)))];
  it.each([
    [
      'too large, by its length alone',
      () => read([Buffer.of(0, 0, 0, 0, 11)], undefined, 10),
      'RESOURCE_EXHAUSTED',
    ],
    ['of four gigabytes', () => read([Buffer.of(0, 255, 255, 255, 255)]), 'RESOURCE_EXHAUSTED'],
    ['too large once inflated', () => read(zeros(), 'gzip', 1_000), 'RESOURCE_EXHAUSTED'],
    ['damaged', () => read([compressed(Buffer.from('nonsense'))], 'gzip'), 'INVALID_ARGUMENT'],
    ['compressed otherwise', () => read([compressed(Buffer.from('x'))], 'snappy'), 'UNIMPLEMENTED'],
    ['compressed by nothing that was named', () => read([compressed(Buffer.from('x'))]), 'UNIMPLEMENTED'],
  ])('are refused when %s', (_what, reading, code) => {
    expect(reading).toThrow(CallFailed);
    expect(reading).toThrow(expect.objectContaining({ code }));
  });

  it('are refused when they are compressed and nothing compressed is taken', () => {
    const reader = new MessageReader({ maxBytes: 10, encoding: 'gzip', encodings: [] });
    expect(() => [...reader.read(Buffer.of(1, 0, 0, 0, 1, 65))]).toThrow('send identity');
  });
});
