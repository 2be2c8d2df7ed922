import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { CACHE_HEADERS, FALLBACK_HEADER } from '../core/translate/names.ts';
import { AnswerStore, type StoredAnswer } from './answer-store.ts';
import { keyOf, LARGEST_BYTES } from './exchange.ts';
import { textOf } from './header-text.ts';
import { Observations } from './observations.ts';

/** Where sidecars tell of calls as they pass. */
const OBSERVE_PATH = '/envoy.service.ext_proc.v3.ExternalProcessor/Process';
const GRPC = 'application/grpc';
const UNAVAILABLE = '14';
const WINDOW_BYTES = 1024 * 1024;

export interface FallbackCacheOptions {
  /** `HOST:PORT`; port 0 lets the system choose. */
  readonly host: string;
  readonly port: number;
  /** Of all answers together. */
  readonly maxBytes: number;
  /** ms since the epoch. */
  readonly now: () => number;
}

/** Counts since the start. */
export interface FallbackCacheCounts {
  kept: number;
  hits: number;
  misses: number;
}

export interface FallbackCacheServer {
  readonly port: number;
  readonly counts: Readonly<FallbackCacheCounts>;
  readonly store: Pick<AnswerStore, 'entries' | 'bytes'>;
  close(): Promise<void>;
}

/**
 * Serves the cache of answers: sidecars tell it of calls as they pass, and lead callers to it while a breaker is open.
 * Rejects where the address cannot be listened on.
 */
export async function serveFallbackCache(options: FallbackCacheOptions): Promise<FallbackCacheServer> {
  const store = new AnswerStore(options.maxBytes);
  const counts: FallbackCacheCounts = { kept: 0, hits: 0, misses: 0 };
  const server = createServer({ settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: 1e6 } });
  const sessions = new Set<ServerHttp2Session>();
  const observations = new Observations((service, { key, answer }, maxEntries) => {
    store.put(service, key, answer, maxEntries, options.now());
    counts.kept += 1;
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
    session.setLocalWindowSize(16 * WINDOW_BYTES);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (headers[':path'] !== OBSERVE_PATH) {
      answerFrom(stream, headers, store, counts, options.now);
      return;
    }
    observations.follow(stream, headers);
  });
  await listening(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    counts,
    store,
    close: () => {
      for (const session of sessions) session.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function listening(server: Http2Server, { host, port }: FallbackCacheOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Answers a call as its last answer was, or says that there is none. */
function answerFrom(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  store: AnswerStore,
  counts: FallbackCacheCounts,
  now: () => number,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= LARGEST_BYTES) chunks.push(chunk);
  });
  stream.on('end', () => {
    if (stream.destroyed) return;
    const service = textOf(headers[CACHE_HEADERS.service]);
    const ttlMs = Number(textOf(headers[CACHE_HEADERS.ttlMs]));
    const key = keyOf(textOf(headers[':method']), textOf(headers[':path']), chunks);
    const found = bytes > LARGEST_BYTES ? undefined : store.get(service, key, ttlMs, now());
    if (found === undefined) {
      counts.misses += 1;
      refuse(
        stream,
        textOf(headers['content-type']),
        `${service} is not available, and no answer to this input is cached`,
      );
    } else {
      counts.hits += 1;
      replay(stream, found.answer, found.ageMs);
    }
  });
}

function replay(stream: ServerHttp2Stream, { headers, body, trailers }: StoredAnswer, ageMs: number): void {
  const age = String(Math.floor(ageMs / 1000));
  const own = { ':status': 200, [FALLBACK_HEADER]: 'cached', age };
  stream.respond({ ...Object.fromEntries(headers), ...own }, { waitForTrailers: trailers !== undefined });
  if (trailers !== undefined) {
    stream.on('wantTrailers', () => {
      if (!stream.destroyed) stream.sendTrailers(Object.fromEntries(trailers));
    });
  }
  stream.end(body);
}

function refuse(stream: ServerHttp2Stream, contentType: string, message: string): void {
  const own = { [FALLBACK_HEADER]: 'cached-miss' };
  if (!contentType.startsWith(GRPC)) {
    stream.respond({ ':status': 503, 'content-type': 'text/plain', ...own });
    stream.end(message);
    return;
  }
  const status = { 'grpc-status': UNAVAILABLE, 'grpc-message': message };
  stream.respond({ ':status': 200, 'content-type': GRPC, ...status, ...own }, { endStream: true });
}
