import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import { Health } from '../../gen/grpc/health/v1/health_pb.js';
import { GRPCInferenceService } from '../../gen/inference/open_inference_pb.js';
import type { ModelService } from '../service.ts';
import { definitionOf } from './definition.ts';
import { widenWindows } from './flow-control.ts';
import { createHealth } from './health.ts';
import { inferenceDefinition, inferenceHandlers } from './inference.ts';
import { addReflection } from './reflection.ts';

export interface GrpcSettings {
  readonly address: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly maxMessageBytes: number;
}

/** A gRPC server that listens. */
export interface GrpcServer {
  readonly port: number;
  /** Answers what has come in, up to `graceMs`, and closes. */
  close(graceMs: number): Promise<void>;
}

/** Serves inference, health and reflection over gRPC. Rejects when it cannot listen. */
export async function serveGrpc(service: ModelService, settings: GrpcSettings): Promise<GrpcServer> {
  // What fails is rejected or answered; the library would say it once more on stderr, and not as JSON.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    'grpc.max_receive_message_length': settings.maxMessageBytes,
    'grpc.max_send_message_length': settings.maxMessageBytes,
    // Two servers on one port would share its calls unnoticed.
    'grpc.so_reuseport': 0,
  });
  server.addService(inferenceDefinition(), inferenceHandlers(service));
  const health = createHealth(service);
  server.addService(definitionOf(Health), health.handlers);
  addReflection(server, [GRPCInferenceService, Health]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      `${settings.address}:${settings.port}`,
      ServerCredentials.createInsecure(),
      (error, bound) => (error ? reject(error) : resolve(bound)),
    );
  });
  const narrow = widenWindows(port);
  return {
    port,
    async close(graceMs) {
      health.endWatches();
      const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      // Ends what is still open after the grace.
      server.drain(`${settings.address}:${port}`, graceMs);
      await closed;
      narrow();
    },
  };
}
