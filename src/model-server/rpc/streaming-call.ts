import type { ServerHttp2Stream } from 'node:http2';
import { asProblem, type Problem } from '../protocol/problem.ts';
import { frameMessage, MessageReader } from './framing.ts';
import { OK_TRAILERS, problemTrailers } from './headers.ts';
import type { Method } from './method.ts';
import { ANSWER_HEADERS } from './unary-call.ts';

/** Opens a call whose messages come and go while it lasts. */
export function serveStreaming(
  stream: ServerHttp2Stream,
  encoding: string,
  method: Extract<Method, { kind: 'streaming' }>,
  maxBytes: number,
): void {
  const listeners: ((message: Buffer) => void)[] = [];
  let problem: Problem | undefined;
  const reader = new MessageReader({
    maxBytes,
    encoding,
    onMessage: (message) => {
      for (const listener of listeners) listener(message);
    },
  });
  stream.respond(ANSWER_HEADERS, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers(problem ? problemTrailers(problem) : OK_TRAILERS));
  stream.on('data', (chunk: Buffer) => {
    try {
      if (!problem) reader.push(chunk);
    } catch (thrown) {
      problem = asProblem(thrown);
      stream.end();
    }
  });
  method.open({
    onMessage: (listener) => listeners.push(listener),
    onEnd: (listener) => stream.on('end', listener),
    onClose: (listener) => stream.on('close', listener),
    send(message) {
      if (stream.writable) for (const piece of frameMessage(message)) stream.write(piece);
    },
    end() {
      if (stream.writable) stream.end();
    },
  });
}
