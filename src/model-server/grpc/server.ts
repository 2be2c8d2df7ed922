import { Health } from '../../gen/grpc/health/v1/health_pb.js';
import { GRPCInferenceService } from '../../gen/inference/open_inference_pb.js';
import { type GrpcServer, serveGrpc } from '../../grpc/server.ts';
import type { ModelService } from '../service.ts';
import { createHealth } from './health.ts';
import { inferenceMethods } from './inference.ts';
import { reflectionMethods } from './reflection.ts';

export interface InferenceServerSettings {
  readonly address: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly maxMessageBytes: number;
}

/** Enough for some hundred calls of some ten KiB each to be on their way at once. */
const WINDOWS = { connection: 8 * 2 ** 20, stream: 2 ** 20 };

/** Serves inference, health and reflection over gRPC. Rejects when it cannot listen. */
export async function serveInference(
  service: ModelService,
  { address: host, port, maxMessageBytes }: InferenceServerSettings,
): Promise<Pick<GrpcServer, 'port' | 'close'>> {
  const health = createHealth(service);
  const methods = new Map([
    ...inferenceMethods(service),
    ...health.methods,
    ...reflectionMethods([GRPCInferenceService, Health]),
  ]);
  const server = await serveGrpc({
    ...{ listenOn: { host, port }, methods, maxMessageBytes, windows: WINDOWS },
    encodings: ['gzip', 'deflate'],
    connectionMemoryMb: Number.MAX_SAFE_INTEGER, // a connection that held more would be closed, and tensors soon do
  });
  return {
    port: server.port,
    close(graceMs) {
      health.endWatches();
      return server.close(graceMs);
    },
  };
}
