import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { acceptedEncodings, frameMessage, MessageReader, prefixOf, type ReaderSettings } from './messages.ts';
import { type CallContext, headerOf, type Method, type Outcome } from './method.ts';
import { type CallEnd, ENDED_WELL, endOf, statusFields } from './status.ts';
import { parseTimeoutMs } from './timeout.ts';

/** Up to here a message is copied behind its prefix: one write costs more than the copy. */
const COPIED_BYTES = 64 * 1_024;

const OK_FIELDS: OutgoingHttpHeaders = statusFields(ENDED_WELL);
const GRPC: OutgoingHttpHeaders = { ':status': 200, 'content-type': 'application/grpc' };

/** Reads the one message of a call, and gives the one answer. */
export function serveUnary(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: Extract<Method, { kind: 'unary' }>,
  settings: ReaderSettings,
): void {
  const messages: Buffer[] = [];
  const reader = new MessageReader(settings);
  const accepted = { 'grpc-accept-encoding': acceptedEncodings(settings.encodings) };
  let isAnswered = false;
  const answer = (outcome: Outcome) => {
    if (isAnswered) return;
    isAnswered = true;
    writeOutcome(stream, outcome, accepted);
  };
  stream.on('data', (chunk: Buffer) => {
    if (isAnswered) return;
    try {
      for (const message of reader.read(chunk)) messages.push(message);
    } catch (thrown) {
      answer({ end: endOf(thrown) });
    }
  });
  stream.on('end', () => {
    if (isAnswered) return;
    const [message] = messages;
    if (!message || messages.length > 1 || !reader.isComplete) {
      answer({ end: { code: 'INTERNAL', message: 'the call does not have one whole message' } });
      return;
    }
    const context: CallContext = {
      header: (name) => headerOf(headers, name),
      deadlineMs: performance.now() + parseTimeoutMs(headerOf(headers, 'grpc-timeout')),
      onGone: (listener) => {
        stream.once('close', () => {
          if (!isAnswered) listener();
        });
      },
    };
    method.call(message, context).then(answer, (thrown: unknown) => answer({ end: endOf(thrown) }));
  });
}

/** Ends a call before it began, in headers alone. */
export function refuse(stream: ServerHttp2Stream, end: CallEnd): void {
  stream.resume();
  stream.respond({ ...GRPC, ...statusFields(end) }, { endStream: true });
}

function writeOutcome(stream: ServerHttp2Stream, outcome: Outcome, accepted: OutgoingHttpHeaders): void {
  if (stream.destroyed || stream.closed) return;
  const headers = { ...GRPC, ...accepted, ...outcome.headers };
  if ('end' in outcome) {
    stream.respond({ ...headers, ...statusFields(outcome.end) }, { endStream: true });
    return;
  }
  const trailers = outcome.trailers ? { ...OK_FIELDS, ...outcome.trailers } : OK_FIELDS;
  stream.respond(headers, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  if (outcome.message.length <= COPIED_BYTES) {
    stream.end(frameMessage(outcome.message));
    return;
  }
  stream.write(prefixOf(outcome.message));
  stream.end(outcome.message);
}
