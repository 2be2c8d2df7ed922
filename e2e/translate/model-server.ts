import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** What a stand-in model server does with a call. */
export type Behaviour = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** A stand-in model server: it answers every gRPC call with its name, or as it is told. */
export interface StandIn {
  readonly port: number;
  /** Calls so far. */
  calls: number;
  behaviour: Behaviour;
  stop(): Promise<void>;
}

/** Starts a stand-in on a port of the system's choice; on `0.0.0.0` it has all addresses of loopback. */
export async function startStandIn(name: string, host = '127.0.0.1'): Promise<StandIn> {
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const standIn: StandIn = {
    port: (server.address() as AddressInfo).port,
    calls: 0,
    behaviour: answers(name),
    stop: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on('stream', (stream, headers) => {
    standIn.calls += 1;
    stream.on('error', () => {});
    stream.resume();
    standIn.behaviour(stream, headers);
  });
  return standIn;
}

/** One message, and OK in the trailers. */
export function answers(text: string): Behaviour {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(frame(Buffer.from(text)));
  };
}

/** Answers with what it makes of the input. */
export function predicts(prediction: (input: string) => string): Behaviour {
  return (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const input = Buffer.concat(chunks).subarray(5).toString();
      answers(prediction(input))(stream, headers);
    });
  };
}

/** No message, only a status. */
export function fails(grpcStatus: number): Behaviour {
  return (stream) => {
    const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(grpcStatus) };
    stream.respond(headers, { endStream: true });
  };
}

/** Never answers. */
export const hangs: Behaviour = () => {};

/** A gRPC message: no compression, length, bytes. */
export function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
