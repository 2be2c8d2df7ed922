import { create, toBinary } from '@bufbuild/protobuf';
import {
  Health,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../gen/grpc/health/v1/health_pb.js';
import { frameMessage } from '../../grpc/messages.ts';
import type { Method } from '../../grpc/method.ts';
import { ENDED_WELL } from '../../grpc/status.ts';
import type { StreamingCall } from '../../grpc/streaming-call.ts';
import { asProblem, Problem } from '../protocol/problem.ts';
import type { ModelService } from '../service.ts';
import { decodeRequest, pathOf, unaryMethod } from './methods.ts';

/** `grpc.health.v1.Health`, and the way to end its watches, which would last for ever. */
export interface HealthService {
  readonly methods: [string, Method][];
  endWatches(): void;
}

/** Makes the health service. */
export function createHealth(service: ModelService): HealthService {
  const { method } = Health;
  const watches = new Set<StreamingCall>();
  const statusOf = (name: string) => ({ status: ServingStatus[service.health(name)] });

  const watch = (call: StreamingCall, name: string): (() => void) => {
    let last: ServingStatus | undefined;
    const tell = () => {
      const answer = statusOf(name);
      if (answer.status === last) return;
      last = answer.status;
      call.write(
        frameMessage(toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, answer))),
      );
    };
    tell();
    return service.onHealthChange(tell);
  };
  const open = (call: StreamingCall) => {
    let unlisten = (): void => {};
    watches.add(call);
    call.start({
      message(bytes) {
        unlisten();
        try {
          unlisten = watch(call, decodeRequest(method.watch, bytes).service);
        } catch (thrown) {
          call.end(asProblem(thrown));
        }
      },
      halfClosed: () => {}, // it goes on listening
      closed() {
        watches.delete(call);
        unlisten();
      },
    });
  };
  return {
    methods: [
      unaryMethod(method.check, ({ service: name }) => {
        const answer = statusOf(name);
        if (answer.status !== ServingStatus.SERVICE_UNKNOWN) return answer;
        throw new Problem('NOT_FOUND', `no service "${name}" is known here`);
      }),
      unaryMethod(method.list, () => ({
        statuses: Object.fromEntries(service.healthNames().map((name) => [name, statusOf(name)])),
      })),
      [pathOf(method.watch), { kind: 'streaming', open }],
    ],
    endWatches() {
      for (const call of [...watches]) call.end(ENDED_WELL);
    },
  };
}
