import {
  Client,
  credentials,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js';

const PATH = '/inference.GRPCInferenceService/ModelInfer';

const bytes = {
  requestSerialize: (value: Buffer) => value,
  requestDeserialize: (value: Buffer) => value,
  responseSerialize: (value: Buffer) => value,
  responseDeserialize: (value: Buffer) => value,
};

/** The first byte of a request that is never answered. */
export const HANG = 255;

/** A gRPC server that answers each call with the status that its first byte names. */
export async function serveStatuses(): Promise<{ readonly port: number; readonly stop: () => void }> {
  const server = new Server();
  const answer: handleUnaryCall<Buffer, Buffer> = ({ request }, callback) => {
    const code = request[0] ?? 0;
    if (code === 0) callback(null, Buffer.from([0]));
    else if (code !== HANG) callback({ code, details: 'as asked' });
  };
  const method = { path: PATH, requestStream: false, responseStream: false, ...bytes } as const;
  server.addService({ ModelInfer: method }, { ModelInfer: answer });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, stop: () => server.forceShutdown() };
}

/** Calls it through whatever listens on the port; resolves to the status of the call, CANCELLED (1) once it is stopped. */
export function caller(port: number): {
  readonly call: (status: number, stopped?: AbortSignal) => Promise<number>;
  readonly stop: () => void;
} {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    call: (status, stopped) =>
      new Promise((resolve) => {
        const { requestSerialize, responseDeserialize } = bytes;
        const options = { deadline: Date.now() + 60_000 };
        const request = Buffer.from([status]);
        const call = client.makeUnaryRequest(
          PATH,
          requestSerialize,
          responseDeserialize,
          request,
          new Metadata(),
          options,
          (error) => resolve(error?.code ?? 0),
        );
        stopped?.addEventListener('abort', () => call.cancel(), { once: true });
      }),
    stop: () => client.close(),
  };
}
