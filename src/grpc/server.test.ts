import { connect } from 'node:http2';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Method, Methods } from './method.ts';
import { type GrpcServer, serveGrpc } from './server.ts';
import { CallFailed } from './status.ts';

const PATH = '/test.Service/Call';
const keep = (bytes: Buffer) => bytes;

function serve(methods: Methods, maxMessageBytes: number): Promise<GrpcServer> {
  return serveGrpc({
    ...{ listenOn: { host: '127.0.0.1', port: 0 }, methods, maxMessageBytes, connectionMemoryMb: 512 },
    encodings: ['gzip'],
    windows: { connection: 8 * 2 ** 20, stream: 2 ** 20 },
  });
}

async function until(holds: () => boolean): Promise<void> {
  await vi.waitUntil(holds, { timeout: 10_000, interval: 5 });
}

describe('a gRPC server, asked by grpc-js', () => {
  let server: GrpcServer;
  let client: Client;
  afterEach(async () => {
    client.close();
    await server.close(1_000);
  });

  const start = async (call: Extract<Method, { kind: 'unary' }>['call'], maxMessageBytes = 2 ** 20) => {
    server = await serve(new Map([[PATH, { kind: 'unary', call }]]), maxMessageBytes);
    client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  };
  const ask = (message: Buffer, path = PATH, options = {}) => {
    const headers = new Metadata();
    headers.set('x-user', 'seven');
    let initial = new Metadata();
    return new Promise<{ answer: Buffer; initial: Metadata; trailers: Metadata }>((resolve, reject) => {
      let answer: Buffer = Buffer.alloc(0);
      const call = client.makeUnaryRequest(path, keep, keep, message, headers, options, (error, bytes) => {
        if (error) reject(error);
        answer = bytes ?? answer;
      });
      call.on('metadata', (received) => {
        initial = received;
      });
      call.on('status', ({ code, metadata }) => {
        if (code === status.OK) setImmediate(() => resolve({ answer, initial, trailers: metadata }));
      });
    });
  };

  it.each([0, 10, 70_000, 900_000])(
    'answers a message of %i bytes, with metadata before and behind',
    async (size) => {
      await start(async (message, context) => ({
        message: Buffer.from(message).reverse(),
        headers: { 'x-seen': context.header('x-user') },
        trailers: { 'x-behind-bin': Buffer.from([1, 2]).toString('base64') },
      }));
      const message = Buffer.from(Uint8Array.from({ length: size }, (_, index) => index));
      const { answer, initial, trailers } = await ask(message);
      expect(answer.equals(Buffer.from(message).reverse())).toBe(true);
      expect(initial.get('x-seen')).toEqual(['seven']);
      expect(trailers.get('x-behind-bin')).toEqual([Buffer.from([1, 2])]);
    },
  );

  it('says what is wrong, and with which metadata', async () => {
    await start(async () => ({
      end: new CallFailed('NOT_FOUND', 'no „cats“ here: 100 %'),
      headers: { 'x-model-version': 'v1' },
    }));
    const error = await ask(Buffer.alloc(1)).catch((thrown: ServiceError) => thrown);
    expect(error).toMatchObject({ code: status.NOT_FOUND, details: 'no „cats“ here: 100 %' });
    expect((error as ServiceError).metadata.get('x-model-version')).toEqual(['v1']);
  });

  it('turns what is thrown into a status', async () => {
    await start(async () => {
      throw new Error('a bug');
    });
    await expect(ask(Buffer.alloc(1))).rejects.toMatchObject({ code: status.INTERNAL, details: 'a bug' });
  });

  it('refuses a message that is too large, and an unknown method', async () => {
    await start(async (message) => ({ message }), 100);
    await expect(ask(Buffer.alloc(101))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    await expect(ask(Buffer.alloc(1), '/test.Service/Other')).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    });
    await expect(ask(Buffer.alloc(100))).resolves.toMatchObject({ answer: Buffer.alloc(100) });
  });

  it('tells a call of its deadline, and when its caller has gone', async () => {
    let gone = 0;
    let leftMs = 0;
    await start((_message, context) => {
      leftMs = context.deadlineMs - performance.now();
      context.onGone(() => gone++);
      return new Promise(() => undefined);
    });
    await expect(ask(Buffer.alloc(1), PATH, { deadline: Date.now() + 300 })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    expect(leftMs).toBeGreaterThan(50);
    expect(leftMs).toBeLessThanOrEqual(310);
    await until(() => gone === 1);
  });

  it('takes gzip', async () => {
    await start(async (message) => ({ message }));
    client.close();
    client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': 2,
    });
    const message = Buffer.from('again and again '.repeat(1_000));
    expect((await ask(message)).answer.equals(message)).toBe(true);
  });

  it('answers what has come when it closes, takes what is on the way, and loses nothing', async () => {
    let taken = 0;
    await start((message) => {
      taken += 1;
      return new Promise((resolve) => setTimeout(() => resolve({ message }), 50));
    });
    const calls: Promise<string>[] = [];
    const timer = setInterval(() => {
      const call = ask(Buffer.alloc(10));
      calls.push(
        call.then(
          () => 'answered',
          (error: ServiceError) => error.details,
        ),
      );
    }, 1);
    await until(() => taken > 50);
    const closing = server.close(5_000);
    // A client that has been told makes its calls elsewhere: here there is nobody else.
    await new Promise((resolve) => setTimeout(resolve, 20));
    clearInterval(timer);
    const outcomes = await Promise.all(calls);
    await closing;
    expect(taken).toBeGreaterThan(50);
    expect(outcomes.filter((outcome) => outcome === 'answered')).toHaveLength(taken);
    expect(outcomes.filter((outcome) => outcome !== 'answered' && !outcome.includes('ECONNREFUSED'))).toEqual(
      [],
    );
  });
});

it('takes nothing but gRPC, and lets a client send a megabyte of one call before it hears from the server', async () => {
  const server = await serve(new Map(), 1_000);
  const session = connect(`http://127.0.0.1:${server.port}`);
  const statuses: (number | undefined)[] = [];
  for (const headers of [
    { ':path': PATH },
    { ':path': PATH, ':method': 'POST', 'content-type': 'application/json' },
  ]) {
    const call = session.request(headers);
    call.on('response', (answer) => statuses.push(answer[':status']));
    call.resume();
    call.end();
  }
  await until(() => statuses.length === 2);
  expect(statuses).toEqual([415, 415]);
  expect(session.remoteSettings.initialWindowSize).toBe(2 ** 20);
  await until(() => (session.state.remoteWindowSize ?? 0) > 2 ** 20);
  session.close();
  await server.close(1_000);
});
