import type { OutgoingHttpHeaders } from 'node:http2';
import type { Problem } from '../protocol/problem.ts';

/** What a call brings beside its message. */
export interface CallContext {
  header(name: string): string | undefined;
  /** When the caller stops waiting, in ms of `performance.now()`; Infinity for never. */
  readonly deadlineMs: number;
  /** Calls back when the caller has gone before it was answered. */
  readonly onGone: (listener: () => void) => void;
}

/** How a call with one message and one answer ends. */
export type Outcome =
  | {
      readonly message: Uint8Array;
      readonly headers?: OutgoingHttpHeaders;
      readonly trailers?: OutgoingHttpHeaders;
    }
  | { readonly problem: Problem; readonly headers?: OutgoingHttpHeaders };

/** A call whose messages come and go while it lasts. */
export interface MessageStream {
  onMessage(listener: (message: Buffer) => void): void;
  /** Calls back when the caller has sent its last message. */
  onEnd(listener: () => void): void;
  /** Calls back when the call is over, for whatever reason. */
  onClose(listener: () => void): void;
  send(message: Uint8Array): void;
  end(): void;
}

/** What answers the calls to one path. */
export type Method =
  | { readonly kind: 'unary'; call(message: Buffer, context: CallContext): Promise<Outcome> }
  | { readonly kind: 'streaming'; open(stream: MessageStream): void };

/** Methods by their path, `/PACKAGE.SERVICE/METHOD`. */
export type Methods = ReadonlyMap<string, Method>;
