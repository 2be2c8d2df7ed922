import { Health } from '../../gen/grpc/health/v1/health_pb.js';
import { GRPCInferenceService } from '../../gen/inference/open_inference_pb.js';
import { type RpcServer, type RpcSettings, serveRpc } from '../rpc/server.ts';
import type { ModelService } from '../service.ts';
import { createHealth } from './health.ts';
import { inferenceMethods } from './inference.ts';
import { reflectionMethods } from './reflection.ts';

/** Serves inference, health and reflection over gRPC. Rejects when it cannot listen. */
export async function serveGrpc(service: ModelService, settings: RpcSettings): Promise<RpcServer> {
  const health = createHealth(service);
  const methods = new Map([
    ...inferenceMethods(service),
    ...health.methods,
    ...reflectionMethods([GRPCInferenceService, Health]),
  ]);
  const server = await serveRpc(methods, settings);
  return {
    port: server.port,
    close(graceMs) {
      health.endWatches();
      return server.close(graceMs);
    },
  };
}
