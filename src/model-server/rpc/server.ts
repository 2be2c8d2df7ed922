import { constants, createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { Problem } from '../protocol/problem.ts';
import type { Methods } from './method.ts';
import { serveStreaming } from './streaming-call.ts';
import { refuse, serveUnary } from './unary-call.ts';

export interface RpcSettings {
  readonly address: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly maxMessageBytes: number;
}

/** A gRPC server that listens. */
export interface RpcServer {
  readonly port: number;
  /** Takes no more calls, answers those that have come, for `graceMs` at most, and closes. */
  close(graceMs: number): Promise<void>;
}

/** Enough for some hundred calls of some ten KiB each to be on their way at once; HTTP/2's own 64 KiB are six. */
const CONNECTION_WINDOW_BYTES = 8 * 2 ** 20;
const STREAM_WINDOW_BYTES = 2 ** 20;
/** How long calls are still taken after their callers have been told to make no more: theirs may be on the way. */
const LAST_CALLS_MS = 250;
const LAST_STREAM_ID = 2 ** 31 - 1;

/**
 * Serves gRPC (over HTTP/2 without TLS, as it is between a server and its sidecar). Rejects when it cannot listen.
 * Source: "gRPC over HTTP2", the protocol's specification.
 */
export async function serveRpc(methods: Methods, settings: RpcSettings): Promise<RpcServer> {
  const server = createServer({
    settings: { initialWindowSize: STREAM_WINDOW_BYTES },
    // Node closes connections that hold more, and tensors soon do.
    maxSessionMemory: Number.MAX_SAFE_INTEGER,
  });
  const sessions = new Set<ServerHttp2Session>();
  server.on('connection', (socket: Socket) => socket.setNoDelay(true));
  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    // A broken connection ends its calls, and each says so by itself.
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    if (headers[':method'] !== 'POST' || !headers['content-type']?.startsWith('application/grpc')) {
      stream.respond({ ':status': constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE }, { endStream: true });
      return;
    }
    const path = headers[':path'] ?? '';
    const method = methods.get(path);
    if (!method) refuse(stream, new Problem('UNIMPLEMENTED', `no such method: ${path}`));
    else if (method.kind === 'unary') serveUnary(stream, headers, method, settings.maxMessageBytes);
    else {
      const encoding = headers['grpc-encoding'];
      serveStreaming(
        stream,
        typeof encoding === 'string' ? encoding : 'identity',
        method,
        settings.maxMessageBytes,
      );
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, settings.address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // In two steps, so that no call is refused: first "make no more calls", then, once the last have come, the end.
      for (const session of sessions) {
        if (!session.destroyed && !session.closed) session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM_ID);
      }
      if (sessions.size > 0) await new Promise((resolve) => setTimeout(resolve, LAST_CALLS_MS));
      for (const session of sessions) session.close();
      const timer = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}
