import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { Connections } from './connections.ts';
import type { Encoding } from './messages.ts';
import { headerOf, type Method, type Methods } from './method.ts';
import { StreamingCall } from './streaming-call.ts';
import { refuse, serveUnary } from './unary-call.ts';

/** How much a client may send before it hears from the server, bytes; HTTP/2's own are 64 KiB each. */
export interface Windows {
  readonly connection: number;
  readonly stream: number;
}

export interface GrpcServerOptions {
  /** Undefined: it does not listen, and takes the connections that it is given. Port 0 is any free one. */
  readonly listenOn: { readonly host: string; readonly port: number } | undefined;
  readonly methods: Methods;
  readonly maxMessageBytes: number;
  /** Compressions that are taken beside none. */
  readonly encodings: readonly Encoding[];
  /** Node's bound on what one connection may hold, MB; a connection that holds more is closed. */
  readonly connectionMemoryMb: number;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly clientCa?: Buffer } | undefined;
  readonly windows?: Windows;
  /** Quiet connections are asked for a sign of life this often. */
  readonly keepaliveMs?: number;
}

/** A gRPC server that listens. */
export interface GrpcServer {
  /** 0 where it does not listen. */
  readonly port: number;
  /** Takes a connection that something else accepted. */
  take(socket: Socket): void;
  /**
   * Listens no more, tells callers to make no more calls, answers those that come all the same, and resolves when
   * all have ended, after `graceMs` at the latest. New streaming calls are refused at once.
   */
  close(graceMs: number): Promise<void>;
}

const STREAMS_PER_CONNECTION = 100_000;
const CONNECTIONS_WAITING = 4_096;

/**
 * Serves gRPC, straight on HTTP/2: bytes in, framed bytes out. Rejects with the system's error when the address
 * cannot be listened on. Source: "gRPC over HTTP2", the protocol's specification.
 */
export async function serveGrpc(options: GrpcServerOptions): Promise<GrpcServer> {
  const connections = new Connections();
  const server = makeServer(options);
  let isClosing = false;
  server.on('connection', (socket) => socket.setNoDelay(true));
  server.on('session', (session) => {
    connections.add(session);
    if (options.windows) session.setLocalWindowSize(options.windows.connection);
  });
  server.on('sessionError', () => {}); // the session closes, and its calls with it
  server.on('stream', (stream, headers) => takeCall(stream, headers, options, isClosing));
  if (options.listenOn) await listen(server, options.listenOn);
  if (options.keepaliveMs !== undefined) connections.keepAlive(options.keepaliveMs);
  return {
    port: (server.address() as AddressInfo | null)?.port ?? 0,
    take: (socket) => void server.emit('connection', socket),
    async close(graceMs) {
      isClosing = true;
      const closed = new Promise<void>((resolve) => {
        if (options.listenOn) server.close(() => resolve());
        else resolve();
      });
      await connections.drain(graceMs);
      await closed;
    },
  };
}

function makeServer({
  tls,
  windows,
  connectionMemoryMb,
}: GrpcServerOptions): Http2Server | Http2SecureServer {
  const common = {
    settings: {
      maxConcurrentStreams: STREAMS_PER_CONNECTION,
      ...(windows && { initialWindowSize: windows.stream }),
    },
    maxSessionMemory: connectionMemoryMb,
  };
  if (!tls) return createServer(common);
  const { cert, key, clientCa } = tls;
  const clients = clientCa ? { ca: clientCa, requestCert: true, rejectUnauthorized: true } : {};
  return createSecureServer({ ...common, cert, key, ...clients });
}

function listen(
  server: Http2Server | Http2SecureServer,
  address: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...address, backlog: CONNECTIONS_WAITING }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function takeCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  options: GrpcServerOptions,
  isClosing: boolean,
): void {
  stream.on('error', () => {}); // 'close' follows
  if (headers[':method'] !== 'POST' || !headers['content-type']?.startsWith('application/grpc')) {
    stream.respond({ ':status': 415 }, { endStream: true });
    stream.resume();
    return;
  }
  const path = headers[':path'] ?? '';
  const method: Method = options.methods.get(path) ?? {
    kind: 'unserved',
    why: `${path} is not a method of this server`,
  };
  const { maxMessageBytes: maxBytes, encodings } = options;
  const reading = { maxBytes, encodings, encoding: headerOf(headers, 'grpc-encoding') };
  if (method.kind === 'unserved') refuse(stream, { code: 'UNIMPLEMENTED', message: method.why });
  else if (method.kind === 'unary') serveUnary(stream, headers, method, reading);
  else if (isClosing)
    refuse(stream, { code: 'UNAVAILABLE', message: 'the server is shutting down; connect again' });
  else method.open(new StreamingCall(stream, reading));
}
