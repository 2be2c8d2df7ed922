import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameMessage, MessageReader } from './framing.ts';

function read(chunks: readonly Uint8Array[], encoding = 'identity', maxBytes = 100_000) {
  const messages: Buffer[] = [];
  const reader = new MessageReader({
    maxBytes,
    encoding,
    onMessage: (message) => messages.push(Buffer.from(message)),
  });
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return { messages, complete: reader.complete };
}

function compressed(message: Uint8Array): Buffer {
  const frame = Buffer.concat(frameMessage(message));
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
          const stream = Buffer.concat(sent.flatMap(frameMessage));
          const chunks: Buffer[] = [];
          let from = 0;
          for (const size of sizes) {
            chunks.push(stream.subarray(from, from + size));
            from = Math.min(stream.length, from + size);
          }
          const { messages, complete } = read([...chunks, stream.subarray(from)]);
          expect(messages).toEqual(sent.map((message) => Buffer.from(message)));
          expect(complete).toBe(true);
        },
      ),
    );
  });

  it('may be large', () => {
    const message = new Uint8Array(70_000).fill(7);
    expect(read(frameMessage(message)).messages).toEqual([Buffer.from(message)]);
  });

  it('are not complete when they are cut off', () => {
    const frame = Buffer.concat(frameMessage(Uint8Array.of(1, 2, 3)));
    expect(read([frame.subarray(0, -1)])).toEqual({ messages: [], complete: false });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('may be compressed with %s', (encoding, compress) => {
    const message = Buffer.from('x'.repeat(1_000));
    expect(read([compressed(compress(message))], encoding).messages).toEqual([message]);
  });

  it.each([
    ['too large', () => read(frameMessage(new Uint8Array(11)), 'identity', 10), 'larger than 10 bytes'],
    [
      'too large once inflated',
      () => read([compressed(gzipSync(Buffer.alloc(9_999)))], 'gzip', 1_000),
      'larger than 1000',
    ],
    ['damaged', () => read([compressed(Buffer.from('nonsense'))], 'gzip'), 'cannot be decompressed'],
    [
      'compressed otherwise',
      () => read([compressed(Buffer.from('x'))], 'snappy'),
      'grpc-encoding "snappy" is unknown',
    ],
  ])('are refused when %s', (_what, reading, words) => {
    expect(reading).toThrow(words);
  });
});
