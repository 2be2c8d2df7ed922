import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import type { CallEnd } from './status.ts';
import type { StreamingCall } from './streaming-call.ts';

/** What a call with one message brings beside it. */
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
  | { readonly end: CallEnd; readonly headers?: OutgoingHttpHeaders };

/** What answers the calls to one path. */
export type Method =
  | {
      readonly kind: 'unary';
      /** May throw `CallFailed`; anything else that it throws is INTERNAL. */
      call(message: Buffer, context: CallContext): Promise<Outcome>;
    }
  | { readonly kind: 'streaming'; open(call: StreamingCall): void }
  /** Known, and not served: calls end with UNIMPLEMENTED and the reason. */
  | { readonly kind: 'unserved'; readonly why: string };

/** Methods by their path, `/PACKAGE.SERVICE/METHOD`. */
export type Methods = ReadonlyMap<string, Method>;

/** One field of a call's headers. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
