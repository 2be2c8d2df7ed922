import { constants, type ServerHttp2Stream } from 'node:http2';
import { acceptedEncodings, MessageReader, type ReaderSettings } from './messages.ts';
import type { Peer } from './peer.ts';
import { type CallEnd, ENDED_WELL, endOf, statusFields } from './status.ts';

/** What takes the events of a call. */
export interface CallHandler {
  message(bytes: Buffer): void;
  /** The client takes bytes again after it took none. */
  drained?(): void;
  /** The client has sent its last message; without this, the call ends well then. */
  halfClosed?(): void;
  /** The call is over, for whatever reason; told once. */
  closed(): void;
}

/** Bytes that a client may have before it, not taken, before it is given no more. */
const BYTES_AHEAD = 64 * 1024;
/** A client that does not take the status of its call within this time is reset, ms. */
const LINGER_MS = 1_000;

/**
 * One call whose messages come and go while it lasts. What is written is framed already and not copied: equal
 * answers to many calls are one buffer until the socket has them.
 */
export class StreamingCall {
  readonly peer: Peer;
  readonly #stream: ServerHttp2Stream;
  readonly #reader: MessageReader;
  #handler: CallHandler | undefined;
  #end: CallEnd | undefined;

  constructor(stream: ServerHttp2Stream, peer: Peer, settings: ReaderSettings) {
    this.peer = peer;
    this.#stream = stream;
    this.#reader = new MessageReader(settings);
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-accept-encoding': acceptedEncodings(settings.encodings),
      },
      { waitForTrailers: true },
    );
  }

  /** Starts the call with its handler. What the handler throws ends the call, as `endOf` has it. */
  start(handler: CallHandler): void {
    const stream = this.#stream;
    this.#handler = handler;
    stream.on('data', (data: Buffer) => this.#read(data));
    stream.on('end', () => {
      if (handler.halfClosed) handler.halfClosed();
      else this.end(ENDED_WELL);
    });
    stream.on('drain', () => {
      if (this.#handler && !this.#end) handler.drained?.();
    });
    stream.on('wantTrailers', () => stream.sendTrailers(statusFields(this.#end ?? ENDED_WELL)));
    stream.on('close', () => this.#closed());
  }

  /** Whether the client takes another message now; `drained` tells when it does again. */
  get ready(): boolean {
    return this.#end === undefined && this.#stream.writableLength < BYTES_AHEAD;
  }

  /** Writes a framed message. */
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
    } catch (thrown) {
      this.end(endOf(thrown));
    }
  }

  #closed(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.closed();
  }
}
