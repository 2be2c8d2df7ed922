import {
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type CallerLimits, Callers } from './callers.ts';
import { Connections } from './connections.ts';
import type { Encoding } from './messages.ts';
import { headerOf, type Method, type Methods } from './method.ts';
import type { Identify } from './peer.ts';
import { StreamingCall } from './streaming-call.ts';
import { makeSecureServer, rotate, type TlsCredentials } from './tls.ts';
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
  /** Undefined: plaintext. */
  readonly tls?: TlsCredentials | undefined;
  /** How callers are told apart, where `tls.clientCa` asks for certificates, and what each may have at once. */
  readonly callers?: CallerLimits & { readonly identify: Identify };
  readonly streamsPerConnection?: number;
  /** A connection did not get as far as a call; told once a second at most: an attacker could fill disks otherwise. */
  readonly onHandshakeFailed?: (peer: string, reason: string) => void;
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
   * New connections use these certificates; those that exist go on, unless they come from an authority that is not
   * among the new ones. Without effect on a plaintext server.
   */
  rotate(credentials: TlsCredentials): void;
  /**
   * Listens no more, tells callers to make no more calls, answers those that come all the same, and resolves when
   * all have ended, after `graceMs` at the latest. New streaming calls are refused at once.
   */
  close(graceMs: number): Promise<void>;
}

const STREAMS_PER_CONNECTION = 100_000;
const CONNECTIONS_WAITING = 4_096;
const TELL_FAILURES_EVERY_MS = 1_000;
/** How often certificates of clients are looked at: a connection lasts no longer than what proved it. */
const PROOFS_EVERY_MS = 1_000;
const ANY_NUMBER = { connectionsPerIdentity: Infinity, streamsPerIdentity: Infinity };

/**
 * Serves gRPC, straight on HTTP/2: bytes in, framed bytes out. Rejects with the system's error when the address
 * cannot be listened on. Source: "gRPC over HTTP2", the protocol's specification.
 */
export async function serveGrpc(options: GrpcServerOptions): Promise<GrpcServer> {
  const connections = new Connections();
  const identify = options.tls?.clientCa ? options.callers?.identify : undefined;
  const callers = new Callers(options.callers ?? ANY_NUMBER, identify);
  const server = makeServer(options);
  let isClosing = false;
  server.on('connection', (socket) => socket.setNoDelay(true));
  server.on('session', (session) => {
    connections.add(session);
    callers.add(session);
    if (options.windows) session.setLocalWindowSize(options.windows.connection);
  });
  server.on('sessionError', () => {}); // the session closes, and its calls with it
  if (options.tls) tellFailures(server, options.onHandshakeFailed);
  server.on('stream', (stream, headers) => takeCall(stream, headers, callers, options, isClosing));
  if (options.listenOn) await listen(server, options.listenOn);
  if (options.keepaliveMs !== undefined) connections.keepAlive(options.keepaliveMs);
  const proofs = identify && setInterval(() => callers.endUnproven(Date.now(), undefined), PROOFS_EVERY_MS);
  return {
    port: (server.address() as AddressInfo | null)?.port ?? 0,
    take: (socket) => void server.emit('connection', socket),
    rotate: (credentials) => {
      if (!('setSecureContext' in server)) return;
      rotate(server, credentials);
      callers.endUnproven(Date.now(), credentials.clientCa);
    },
    async close(graceMs) {
      clearInterval(proofs);
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
  streamsPerConnection = STREAMS_PER_CONNECTION,
}: GrpcServerOptions): Http2Server | Http2SecureServer {
  const common = {
    settings: {
      maxConcurrentStreams: streamsPerConnection,
      ...(windows && { initialWindowSize: windows.stream }),
    },
    maxSessionMemory: connectionMemoryMb,
  };
  return tls ? makeSecureServer(common, tls) : createServer(common);
}

function tellFailures(
  server: Http2Server | Http2SecureServer,
  tell: GrpcServerOptions['onHandshakeFailed'] = () => {},
): void {
  let toldAt = 0;
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    if (Date.now() - toldAt < TELL_FAILURES_EVERY_MS) return;
    toldAt = Date.now();
    const { remoteAddress, remotePort, authorizationError } = socket;
    // Its type says Error; it is the code of the verification.
    const code = authorizationError as unknown as string | undefined;
    const reason = code ? `the client certificate is refused: ${code}` : error.message;
    tell(`${remoteAddress ?? '?'}:${remotePort ?? '?'}`, reason);
  });
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
  callers: Callers,
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
  const peer = callers.admit(stream);
  if ('refused' in peer) {
    const code = peer.isTooMany ? 'RESOURCE_EXHAUSTED' : 'UNAUTHENTICATED';
    refuse(stream, { code, message: peer.refused });
  } else if (method.kind === 'unserved') refuse(stream, { code: 'UNIMPLEMENTED', message: method.why });
  else if (method.kind === 'unary') serveUnary(stream, headers, method, reading);
  else if (isClosing)
    refuse(stream, { code: 'UNAVAILABLE', message: 'the server is shutting down; connect again' });
  else method.open(new StreamingCall(stream, peer, reading));
}
