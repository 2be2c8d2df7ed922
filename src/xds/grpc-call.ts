import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Sink } from '../core/delta/sink.ts';
import { type CallEnd, statusFields } from './grpc-status.ts';
import { FrameRefused, MessageReader } from './message-reader.ts';

/** What takes the events of a call. */
export interface CallHandler {
  message(bytes: Buffer): void;
  /** The client takes bytes again after it took none. */
  drained(): void;
  /** The call is over, for whatever reason; told once. */
  closed(): void;
}

/** Bytes that a client may have before it, not taken, before it is given no more. */
const BYTES_AHEAD = 64 * 1024;
/** A client that does not take the status of its call within this time is reset, ms. */
const LINGER_MS = 1_000;

/**
 * One streaming gRPC call on an HTTP/2 stream. What is written is framed already and not copied: equal answers
 * to many streams are one buffer until the socket has them.
 */
export class GrpcCall implements Sink {
  readonly #stream: ServerHttp2Stream;
  readonly #reader: MessageReader;
  #handler: CallHandler | undefined;
  #end: CallEnd | undefined;

  constructor(stream: ServerHttp2Stream, maxMessageBytes: number) {
    this.#stream = stream;
    this.#reader = new MessageReader(maxMessageBytes);
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-accept-encoding': 'identity' },
      { waitForTrailers: true },
    );
  }

  /** `ADDRESS:PORT` of the client. */
  get peer(): string {
    const socket = this.#stream.session?.socket;
    return `${socket?.remoteAddress ?? '?'}:${socket?.remotePort ?? '?'}`;
  }

  /** Starts the call with its handler. */
  start(handler: CallHandler): void {
    const stream = this.#stream;
    this.#handler = handler;
    stream.on('data', (data: Buffer) => this.#read(data));
    stream.on('end', () => this.end({ code: 'OK', message: '' }));
    stream.on('drain', () => {
      if (this.#handler && !this.#end) this.#handler.drained();
    });
    stream.on('wantTrailers', () =>
      stream.sendTrailers(statusFields(this.#end ?? { code: 'OK', message: '' })),
    );
    stream.on('error', () => {}); // 'close' follows
    stream.on('close', () => this.#closed());
  }

  get ready(): boolean {
    return this.#end === undefined && this.#stream.writableLength < BYTES_AHEAD;
  }

  write(framed: Buffer): void {
    if (!this.#end && !this.#stream.destroyed) this.#stream.write(framed);
  }

  end(end: CallEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#closed();
    const stream = this.#stream;
    if (stream.destroyed) return;
    stream.end();
    const linger = setTimeout(() => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM), LINGER_MS);
    stream.once('close', () => clearTimeout(linger));
  }

  #read(data: Buffer): void {
    try {
      for (const message of this.#reader.read(data)) {
        if (this.#end) return;
        this.#handler?.message(message);
      }
    } catch (error) {
      if (!(error instanceof FrameRefused)) throw error;
      this.end({ code: error.code, message: error.message });
    }
  }

  #closed(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.closed();
  }
}
