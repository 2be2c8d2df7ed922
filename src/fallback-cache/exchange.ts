import { createHash } from 'node:crypto';
import type { HeaderMap } from '../gen/envoy/config/core/v3/core_pb.js';
import type { HttpBody, ProcessingRequest } from '../gen/envoy/service/ext_proc/v3/external_processor_pb.js';
import type { StoredAnswer } from './answer-store.ts';

/** Larger requests and answers are not kept. */
export const LARGEST_BYTES = 1024 * 1024;
/** Headers of an answer that its reader needs; the others are of that one call. */
const KEPT = new Set(['content-type', 'content-encoding', 'grpc-encoding']);

/** A call whose answer may be given again. */
export interface Finished {
  readonly key: string;
  readonly answer: StoredAnswer;
}

/** The same method and bytes have the same key. */
export function keyOf(method: string, path: string, body: readonly Buffer[]): string {
  const hash = createHash('sha256').update(`${method} ${path}\0`);
  for (const chunk of body) hash.update(chunk);
  return hash.digest('base64');
}

/** Puts a call together from what a sidecar tells of it, piece by piece. */
export class Exchange {
  readonly #request: Buffer[] = [];
  readonly #answer: Buffer[] = [];
  #bytes = 0;
  #method = '';
  #path = '';
  #requestEnded = false;
  #headers: ReadonlyMap<string, string> = new Map();

  /** Of request and answer so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a piece. `finished` is the whole call; `over`: nothing of this call will be kept. */
  take({ request }: ProcessingRequest): Finished | 'over' | undefined {
    switch (request.case) {
      case 'requestHeaders': {
        const headers = headersOf(request.value.headers);
        this.#method = headers.get(':method') ?? '';
        this.#path = headers.get(':path') ?? '';
        this.#requestEnded = request.value.endOfStream;
        return undefined;
      }
      case 'requestBody':
        this.#requestEnded = request.value.endOfStream;
        return this.#keep(this.#request, request.value);
      case 'requestTrailers':
        this.#requestEnded = true;
        return undefined;
      case 'responseHeaders':
        this.#headers = headersOf(request.value.headers);
        return this.#headers.get(':status') === '200' && !request.value.endOfStream ? undefined : 'over';
      case 'responseBody':
        if (this.#keep(this.#answer, request.value) === 'over') return 'over';
        return request.value.endOfStream ? this.#finish(undefined) : undefined;
      case 'responseTrailers':
        return this.#finish(headersOf(request.value.trailers));
      case undefined:
        return undefined;
    }
  }

  #keep(into: Buffer[], { body }: HttpBody): 'over' | undefined {
    this.#bytes += body.length;
    if (this.#bytes > LARGEST_BYTES) return 'over';
    into.push(Buffer.from(body.buffer, body.byteOffset, body.length));
    return undefined;
  }

  /** A gRPC answer without trailers was cut; one that began before the request ended does not depend on all of it. */
  #finish(trailers: ReadonlyMap<string, string> | undefined): Finished | 'over' {
    const isGrpc = this.#headers.get('content-type')?.startsWith('application/grpc') ?? false;
    if (!this.#requestEnded || isGrpc !== (trailers?.get('grpc-status') === '0')) return 'over';
    return {
      key: keyOf(this.#method, this.#path, this.#request),
      answer: {
        headers: [...this.#headers].filter(([name]) => KEPT.has(name)),
        body: Buffer.concat(this.#answer),
        trailers: trailers && [['grpc-status', '0']],
      },
    };
  }
}

/** Envoy tells values as bytes. */
function headersOf(map: HeaderMap | undefined): ReadonlyMap<string, string> {
  return new Map(
    (map?.headers ?? []).map(({ key, value, rawValue }) => [
      key,
      rawValue.length > 0 ? Buffer.from(rawValue).toString('latin1') : value,
    ]),
  );
}
