import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { fromBinary } from '@bufbuild/protobuf';
import { CACHE_HEADERS } from '../core/translate/names.ts';
import { ProcessingRequestSchema } from '../gen/envoy/service/ext_proc/v3/external_processor_pb.js';
import { Exchange, type Finished, LARGEST_BYTES } from './exchange.ts';
import { textOf } from './header-text.ts';
import { MessageFrames } from './message-frames.ts';

const GRPC = 'application/grpc';
/** What the message around a piece of a body takes at most. */
const ENVELOPE_BYTES = 65_536;
/**
 * Calls that are told of at a time, and what is held of them before they end. Of more nothing is kept: Envoy does not
 * wait for who observes, so that a flood would be all memory.
 */
const MOST_OBSERVED = 10_000;
const MOST_HELD_BYTES = 128 * 1024 * 1024;

/** Given each call that ended well. */
export type Keep = (service: string, finished: Finished, maxEntries: number) => void;

/** What sidecars tell of calls as they pass, a stream for each call. */
export class Observations {
  readonly #keep: Keep;
  #streams = 0;
  #heldBytes = 0;

  constructor(keep: Keep) {
    this.#keep = keep;
  }

  /** Follows one call piece by piece, and ends the stream as soon as nothing more is wanted of it. */
  follow(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const service = textOf(headers[CACHE_HEADERS.service]);
    const maxEntries = Number(textOf(headers[CACHE_HEADERS.maxEntries]));
    if (service === '' || !(maxEntries >= 1) || this.#streams >= MOST_OBSERVED) {
      stream.respond({ ':status': 200, 'content-type': GRPC, 'grpc-status': '0' }, { endStream: true });
      stream.resume();
      return;
    }
    stream.respond({ ':status': 200, 'content-type': GRPC }, { waitForTrailers: true });
    stream.on('wantTrailers', () => {
      if (!stream.destroyed) stream.sendTrailers({ 'grpc-status': '0' });
    });
    this.#streams += 1;
    const call = this.#reader((finished) => this.#keep(service, finished, maxEntries));
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      this.#streams -= 1;
      call.release();
      stream.end();
    };
    stream.on('data', (chunk: Buffer) => {
      if (!over && call.read(chunk) === 'over') end();
    });
    stream.on('end', end);
    stream.on('close', end);
  }

  /** Reads one call; `over`: no more of it is wanted. */
  #reader(finish: (finished: Finished) => void) {
    const frames = new MessageFrames(LARGEST_BYTES + ENVELOPE_BYTES);
    const exchange = new Exchange();
    let held = 0;
    const hold = () => {
      this.#heldBytes += exchange.bytes - held;
      held = exchange.bytes;
    };
    return {
      read: (chunk: Buffer): 'over' | undefined => {
        try {
          for (const message of frames.push(chunk)) {
            const outcome = exchange.take(fromBinary(ProcessingRequestSchema, message));
            hold();
            if (outcome === undefined && this.#heldBytes <= MOST_HELD_BYTES) continue;
            if (outcome !== undefined && outcome !== 'over') finish(outcome);
            return 'over';
          }
        } catch {
          // Not what a sidecar sends: nothing of it is kept.
          return 'over';
        }
        return undefined;
      },
      release: () => {
        this.#heldBytes -= held;
        held = 0;
      },
    };
  }
}
