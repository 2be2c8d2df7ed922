import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';

const STREAM_CREATED = 'http2.server.stream.created';
/** Enough for some hundred calls of some ten KiB each to be on their way at once. */
const CONNECTION_WINDOW_BYTES = 8 * 2 ** 20;
const STREAM_WINDOW_BYTES = 2 ** 20;

/**
 * Lets clients send more before they hear from the server: with HTTP/2's own 64 KiB for a whole connection, a batch of
 * tensors arrives in many small steps. grpc-js has no option for it on the server's side, so each new connection to the
 * port is told with its first call. Returns the way to stop.
 */
export function widenWindows(port: number): () => void {
  const told = new WeakSet<ServerHttp2Session>();
  const onStream = (message: unknown) => {
    const { session } = (message as { stream: ServerHttp2Stream }).stream;
    if (!session || told.has(session as ServerHttp2Session)) return;
    told.add(session as ServerHttp2Session);
    if (session.socket.localPort !== port || session.destroyed) return;
    (session as ServerHttp2Session).setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    session.settings({ initialWindowSize: STREAM_WINDOW_BYTES });
  };
  subscribe(STREAM_CREATED, onStream);
  return () => {
    unsubscribe(STREAM_CREATED, onStream);
  };
}
