import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { asProblem, Problem } from '../protocol/problem.ts';
import { ACCEPTED_ENCODINGS, frameMessage, MessageReader } from './framing.ts';
import { OK_TRAILERS, parseTimeoutMs, problemTrailers } from './headers.ts';
import type { CallContext, Method, Outcome } from './method.ts';

/** The headers that every answer begins with. */
export const ANSWER_HEADERS: OutgoingHttpHeaders = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': ACCEPTED_ENCODINGS,
};

/** Reads the one message of a call, and gives the one answer. */
export function serveUnary(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: Extract<Method, { kind: 'unary' }>,
  maxBytes: number,
): void {
  const messages: Buffer[] = [];
  const encoding = headerOf(headers, 'grpc-encoding') ?? 'identity';
  const reader = new MessageReader({ maxBytes, encoding, onMessage: (message) => messages.push(message) });
  let answered = false;
  const answer = (outcome: Outcome) => {
    if (answered) return;
    answered = true;
    writeOutcome(stream, outcome);
  };
  stream.on('data', (chunk: Buffer) => {
    try {
      if (!answered) reader.push(chunk);
    } catch (thrown) {
      answer({ problem: asProblem(thrown) });
    }
  });
  stream.on('end', () => {
    if (answered) return;
    const [message] = messages;
    if (!message || messages.length > 1 || !reader.complete) {
      answer({ problem: new Problem('INTERNAL', 'the call does not have one whole message') });
      return;
    }
    const context: CallContext = {
      header: (name) => headerOf(headers, name),
      deadlineMs: performance.now() + parseTimeoutMs(headerOf(headers, 'grpc-timeout')),
      onGone: (listener) => {
        stream.once('close', () => {
          if (!answered) listener();
        });
      },
    };
    method.call(message, context).then(answer, (thrown: unknown) => answer({ problem: asProblem(thrown) }));
  });
}

/** Ends a call with a problem, in headers alone. */
export function refuse(stream: ServerHttp2Stream, problem: Problem): void {
  stream.resume();
  writeOutcome(stream, { problem });
}

function writeOutcome(stream: ServerHttp2Stream, outcome: Outcome): void {
  if (stream.destroyed || stream.closed) return;
  if ('problem' in outcome) {
    const headers = { ...ANSWER_HEADERS, ...outcome.headers, ...problemTrailers(outcome.problem) };
    stream.respond(headers, { endStream: true });
    return;
  }
  const trailers = outcome.trailers ? { ...OK_TRAILERS, ...outcome.trailers } : OK_TRAILERS;
  stream.respond(outcome.headers ? { ...ANSWER_HEADERS, ...outcome.headers } : ANSWER_HEADERS, {
    waitForTrailers: true,
  });
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  const [first, rest] = frameMessage(outcome.message);
  if (rest) {
    stream.write(first);
    stream.end(rest);
  } else stream.end(first);
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
