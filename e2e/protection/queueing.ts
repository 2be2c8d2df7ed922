import type { ServerHttp2Stream } from 'node:http2';
import { type Behaviour, frame } from '../translate/model-server.ts';

/** A model server of a known capacity: one call after the other, and its queue told by ORCA with each answer. */
export interface Queueing {
  readonly behaviour: Behaviour;
  /** Calls that wait now. */
  waiting(): number;
  /** Calls a second from now on. */
  setCapacity(perSecond: number): void;
  stop(): void;
}

/**
 * @param perSecond calls that it serves a second
 * @param options `worksForTheGone`: it works for callers who have given up, as a model server does
 */
export function queueing(perSecond: number, options: { readonly worksForTheGone?: boolean } = {}): Queueing {
  const queue: ServerHttp2Stream[] = [];
  let capacity = perSecond;
  let credit = 0;
  let lookedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    // Idle time is not saved up.
    credit = queue.length === 0 ? 0 : credit + ((now - lookedAt) * capacity) / 1000;
    lookedAt = now;
    while (credit >= 1) {
      const stream = queue.shift();
      if (stream === undefined) break;
      if (stream.destroyed && !options.worksForTheGone) continue;
      credit -= 1;
      if (!stream.destroyed) answer(stream, queue.length);
    }
  }, 2);
  return {
    behaviour: (stream) => void queue.push(stream),
    waiting: () => queue.length,
    setCapacity: (next) => {
      capacity = next;
    },
    stop: () => {
      clearInterval(timer);
      for (const stream of queue) stream.destroy();
    },
  };
}

function answer(stream: ServerHttp2Stream, waiting: number): void {
  const load = `JSON {"named_metrics":{"queue":${waiting}}}`;
  const headers = { ':status': 200, 'content-type': 'application/grpc', 'endpoint-load-metrics': load };
  stream.respond(headers, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(frame(Buffer.from('x')));
}
