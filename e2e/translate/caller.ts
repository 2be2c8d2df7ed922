import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { frame } from './model-server.ts';

const CANCEL = constants.NGHTTP2_CANCEL;

/** How a call ended, as its caller sees it. */
export interface Answer {
  /** `grpc-status`, or undefined where the stream ended without one. */
  readonly status: number | undefined;
  readonly message: string;
  readonly version: string | undefined;
  readonly fallback: string | undefined;
  /** What the stand-in said. */
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

/** A caller on one HTTP/2 connection, cheap enough for tens of thousands of calls. */
export class Caller {
  readonly #session: ClientHttp2Session;

  /**
   * @param localAddress the caller's own address, `127.0.0.9` for one
   * @param host where the sidecar listens
   */
  constructor(port: number, localAddress = '127.0.0.1', host = '127.0.0.1') {
    this.#session = connect('http://127.0.0.1', {
      createConnection: () => connectSocket({ host, port, localAddress }),
    });
    this.#session.on('error', () => {});
  }

  /** @param patienceMs the caller cancels after this long */
  call(
    authority: string,
    headers: Readonly<Record<string, string>> = {},
    patienceMs?: number,
    input = 'x',
  ): Promise<Answer> {
    return new Promise((resolve) => {
      const stream = this.#session.request({
        ':method': 'POST',
        ':path': '/test.Model/Infer',
        ':authority': authority,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      });
      const seen: IncomingHttpHeaders = {};
      const chunks: Buffer[] = [];
      stream.on('response', (given) => Object.assign(seen, given));
      stream.on('trailers', (given) => Object.assign(seen, given));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', () => {});
      const timer = patienceMs === undefined ? undefined : setTimeout(() => stream.close(CANCEL), patienceMs);
      stream.on('close', () => {
        clearTimeout(timer);
        resolve(answerOf(seen, Buffer.concat(chunks)));
      });
      stream.end(frame(Buffer.from(input)));
    });
  }

  /** Opens a stream and reads it until it ends or the caller is closed. */
  hold(authority: string, path: string): { ended(): boolean } {
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      ':authority': authority,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let over = false;
    stream.on('error', () => {});
    stream.on('close', () => {
      over = true;
    });
    stream.resume();
    stream.write(frame(Buffer.from('x')));
    return { ended: () => over };
  }

  /** As many calls, twenty-five at a time. */
  async calls(
    count: number,
    authority: string,
    headers: (index: number) => Readonly<Record<string, string>> = () => ({}),
  ): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    while (answers.length < count) {
      const size = Math.min(25, count - answers.length);
      const from = answers.length;
      const indexes = Array.from({ length: size }, (_, offset) => from + offset);
      answers.push(...(await Promise.all(indexes.map((index) => this.call(authority, headers(index))))));
    }
    return answers;
  }

  close(): void {
    this.#session.destroy();
  }
}

function answerOf(headers: IncomingHttpHeaders, body: Buffer): Answer {
  const grpcStatus = headers['grpc-status'];
  return {
    status: grpcStatus === undefined ? undefined : Number(grpcStatus),
    message: decodeURIComponent(String(headers['grpc-message'] ?? '')),
    version: text(headers['x-penstock-version']),
    fallback: text(headers['x-penstock-fallback']),
    text: body.subarray(5).toString(),
    headers,
  };
}

function text(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** How a call ended, as an application with a real gRPC client sees it. */
export interface ClientView {
  readonly code: number;
  readonly details: string;
  /** All metadata of the answer. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** One call with a real gRPC client. */
export async function grpcCall(port: number, authority: string, deadlineMs = 10_000): Promise<ClientView> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.default_authority': authority,
  });
  try {
    return await new Promise<ClientView>((resolve) => {
      let metadata = new Metadata();
      const call = client.makeUnaryRequest(
        '/test.Model/Infer',
        (value: Buffer) => value,
        (value: Buffer) => value,
        Buffer.from('x'),
        { deadline: Date.now() + deadlineMs },
        (error: ServiceError | null) => {
          if (error !== null) metadata.merge(error.metadata);
          resolve({
            code: error?.code ?? status.OK,
            details: error?.details ?? '',
            metadata: metadata.getMap(),
          });
        },
      );
      call.on('metadata', (given: Metadata) => {
        metadata = given.clone();
      });
    });
  } finally {
    client.close();
  }
}
