import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { GrpcCall } from './grpc-call.ts';
import { type CallEnd, statusFields } from './grpc-status.ts';

export interface GrpcServerOptions {
  /** `HOST:PORT`; port 0 is any free one. */
  readonly address: string;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer; readonly clientCa?: Buffer } | undefined;
  /** What serves a path; a string is why that path is not served. */
  readonly methods: ReadonlyMap<string, ((call: GrpcCall) => void) | string>;
  readonly maxMessageBytes: number;
  readonly keepaliveMs: number;
}

export interface GrpcServer {
  readonly port: number;
  /** Takes no more calls; connections end when their calls have, or at the deadline. */
  close(deadlineMs: number): Promise<void>;
}

const STREAMS_PER_CONNECTION = 100_000;
/** Node's bound on what one connection may hold, MB; 10 is too little for many streams on one connection. */
const SESSION_MEMORY_MB = 512;
const CONNECTIONS_WAITING = 4_096;

/**
 * A gRPC server of streaming calls, straight on HTTP/2: bytes in, framed bytes out, nothing copied between.
 *
 * @throws {Error} of the system, when the address cannot be listened on
 */
export async function serveGrpc(options: GrpcServerOptions): Promise<GrpcServer> {
  const sessions = new Set<ServerHttp2Session>();
  const server = makeServer(options);
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('connection', (socket) => socket.setNoDelay(true));
  server.on('sessionError', () => {}); // the session closes, and its calls with it
  server.on('stream', (stream, headers) => takeCall(stream, headers, options));
  await listen(server, options.address);
  const pings = setInterval(() => pingAll(sessions, options.keepaliveMs), options.keepaliveMs);
  return {
    port: (server.address() as AddressInfo).port,
    close: async (deadlineMs) => {
      clearInterval(pings);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.close();
      const deadline = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, deadlineMs);
      await closed;
      clearTimeout(deadline);
    },
  };
}

function makeServer({ tls }: GrpcServerOptions): Http2Server | Http2SecureServer {
  const common = {
    settings: { maxConcurrentStreams: STREAMS_PER_CONNECTION },
    maxSessionMemory: SESSION_MEMORY_MB,
  };
  if (!tls) return createServer(common);
  const { cert, key, clientCa } = tls;
  const clients = clientCa ? { ca: clientCa, requestCert: true, rejectUnauthorized: true } : {};
  return createSecureServer({ ...common, cert, key, ...clients });
}

function listen(server: Http2Server | Http2SecureServer, address: string): Promise<void> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(colon + 1));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: CONNECTIONS_WAITING }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function takeCall(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: GrpcServerOptions): void {
  stream.on('error', () => {});
  if (!headers['content-type']?.startsWith('application/grpc')) {
    stream.respond({ ':status': 415 }, { endStream: true });
    return;
  }
  const path = headers[':path'] ?? '';
  const method = options.methods.get(path) ?? `${path} is not a method of this server`;
  if (typeof method === 'string') refuse(stream, { code: 'UNIMPLEMENTED', message: method });
  else method(new GrpcCall(stream, options.maxMessageBytes));
}

/** Ends a call before it began. */
function refuse(stream: ServerHttp2Stream, end: CallEnd): void {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', ...statusFields(end) },
    { endStream: true },
  );
  stream.resume();
}

/** Asks quiet connections for a sign of life; one that gives none until the next round is ended. */
function pingAll(sessions: ReadonlySet<ServerHttp2Session>, timeoutMs: number): void {
  for (const session of sessions) {
    if (session.closed || session.destroyed) continue;
    const dead = setTimeout(() => session.destroy(), timeoutMs);
    session.once('close', () => clearTimeout(dead));
    session.ping(() => clearTimeout(dead));
  }
}
