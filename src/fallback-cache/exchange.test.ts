import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ProcessingRequestSchema } from '../gen/envoy/service/ext_proc/v3/external_processor_pb.js';
import { Exchange, keyOf, LARGEST_BYTES } from './exchange.ts';

type Piece = NonNullable<MessageInitShape<typeof ProcessingRequestSchema>['request']>;

const map = (headers: Readonly<Record<string, string>>) => ({
  headers: Object.entries(headers).map(([key, value]) => ({ key, rawValue: Buffer.from(value) })),
});
const requestHeaders = (path = '/m/Infer', endOfStream = false): Piece => ({
  case: 'requestHeaders',
  value: { headers: map({ ':method': 'POST', ':path': path }), endOfStream },
});
const requestBody = (text: string, endOfStream = true): Piece => ({
  case: 'requestBody',
  value: { body: Buffer.from(text), endOfStream },
});
const responseHeaders = (headers: Readonly<Record<string, string>> = {}, endOfStream = false): Piece => ({
  case: 'responseHeaders',
  value: { headers: map({ ':status': '200', 'content-type': 'application/grpc', ...headers }), endOfStream },
});
const responseBody = (text: string, endOfStream = false): Piece => ({
  case: 'responseBody',
  value: { body: Buffer.from(text), endOfStream },
});
const trailers = (status: string): Piece => ({
  case: 'responseTrailers',
  value: { trailers: map({ 'grpc-status': status }) },
});

/** What comes of a call that is told in these pieces. */
function outcomeOf(...pieces: readonly Piece[]) {
  const exchange = new Exchange();
  for (const request of pieces) {
    const outcome = exchange.take(create(ProcessingRequestSchema, { request }));
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

describe('a call as a sidecar tells it', () => {
  it('is kept when it ended well, by its method and all its bytes', () => {
    const whole = outcomeOf(
      requestHeaders(),
      requestBody('in', false),
      requestBody('put'),
      responseHeaders({ date: 'today', 'grpc-encoding': 'gzip' }),
      responseBody('an'),
      responseBody('swer'),
      trailers('0'),
    );
    expect(whole).toEqual({
      key: keyOf('POST', '/m/Infer', [Buffer.from('input')]),
      answer: {
        headers: [
          ['content-type', 'application/grpc'],
          ['grpc-encoding', 'gzip'],
        ],
        body: Buffer.from('answer'),
        trailers: [['grpc-status', '0']],
      },
    });
  });

  it('is kept over HTTP, which has no trailers', () => {
    const json = responseHeaders({ 'content-type': 'application/json' });
    const whole = outcomeOf(requestHeaders('/v2/models/m', true), json, responseBody('{}', true));
    expect(whole).toMatchObject({ key: keyOf('POST', '/v2/models/m', []), answer: { trailers: undefined } });
  });

  it.each<[string, readonly Piece[]]>([
    [
      'failed in its trailers',
      [requestHeaders(), requestBody('x'), responseHeaders(), responseBody('y'), trailers('13')],
    ],
    [
      'failed without a message',
      [requestHeaders(), requestBody('x'), responseHeaders({ 'grpc-status': '13' }, true)],
    ],
    ['was refused over HTTP', [requestHeaders(), requestBody('x'), responseHeaders({ ':status': '503' })]],
    [
      'was answered before all of the request was there',
      [requestHeaders(), requestBody('x', false), responseHeaders(), trailers('0')],
    ],
    [
      'was cut before its trailers',
      [requestHeaders(), requestBody('x'), responseHeaders(), responseBody('y', true)],
    ],
    ['is too large', [requestHeaders(), requestBody('x'.repeat(LARGEST_BYTES + 1))]],
  ])('is not kept when it %s', (_, pieces) => {
    expect(outcomeOf(...pieces)).toBe('over');
  });

  it('differs by method and by input', () => {
    const keys = [
      keyOf('POST', '/a', [Buffer.from('b')]),
      keyOf('POST', '/ab', []),
      keyOf('GET', '/a', [Buffer.from('b')]),
    ];
    expect(new Set(keys).size).toBe(3);
  });
});
