import { create } from '@bufbuild/protobuf';
import { Client, credentials } from '@grpc/grpc-js';
import {
  Health,
  HealthCheckRequestSchema,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../gen/grpc/health/v1/health_pb.js';
import { methodDefinition } from '../grpc/definition.ts';

/** What a server says of its health from the moment of the watch on, and when, in ms of `performance.now()`. */
export interface HealthWatch {
  readonly seen: readonly { readonly status: ServingStatus; readonly atMs: number }[];
  close(): void;
}

/** Watches `grpc.health.v1` of a server at `HOST:PORT`; the service is empty for the whole server. */
export function watchHealth(address: string, service: string): HealthWatch {
  const seen: { status: ServingStatus; atMs: number }[] = [];
  const client = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = methodDefinition(Health, Health.method.watch);
  const request = create(HealthCheckRequestSchema, { service });
  client
    .makeServerStreamRequest(path, requestSerialize, responseDeserialize, request)
    .on('data', (answer) =>
      seen.push({ status: (answer as HealthCheckResponse).status, atMs: performance.now() }),
    )
    .on('error', () => undefined);
  return { seen, close: () => client.close() };
}
