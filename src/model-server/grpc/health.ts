import { create } from '@bufbuild/protobuf';
import {
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../gen/grpc/health/v1/health_pb.js';
import type { ModelService } from '../service.ts';

/** `grpc.health.v1.Health`, and the way to end its watches, which would last for ever. */
export interface HealthService {
  readonly handlers: UntypedServiceImplementation;
  endWatches(): void;
}

/** Makes the health service. */
export function createHealth(service: ModelService): HealthService {
  const watches = new Set<() => void>();
  const handlers: UntypedServiceImplementation = {
    check(call: ServerUnaryCall<HealthCheckRequest, object>, callback: sendUnaryData<object>) {
      const name = call.request.service;
      const answer = statusOf(service, name);
      if (answer.status !== ServingStatus.SERVICE_UNKNOWN) callback(null, answer);
      else callback({ code: status.NOT_FOUND, details: `no service "${name}" is known here` });
    },
    list(_call: unknown, callback: sendUnaryData<object>) {
      const statuses = Object.fromEntries(
        service.healthNames().map((name) => [name, statusOf(service, name)]),
      );
      callback(null, create(HealthListResponseSchema, { statuses }));
    },
    watch(call: ServerWritableStream<HealthCheckRequest, object>) {
      let last: ServingStatus | undefined;
      const tell = () => {
        const answer = statusOf(service, call.request.service);
        if (answer.status === last) return;
        last = answer.status;
        call.write(answer);
      };
      const unlisten = service.onHealthChange(tell);
      const end = () => {
        watches.delete(end);
        unlisten();
        call.end();
      };
      watches.add(end);
      call.on('cancelled', end);
      tell();
    },
  };
  return {
    handlers,
    endWatches: () => {
      for (const end of watches) end();
    },
  };
}

function statusOf(service: ModelService, name: string): HealthCheckResponse {
  return create(HealthCheckResponseSchema, { status: ServingStatus[service.health(name)] });
}
