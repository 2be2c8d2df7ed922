import { create, toBinary } from '@bufbuild/protobuf';
import {
  Health,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../gen/grpc/health/v1/health_pb.js';
import { Problem } from '../protocol/problem.ts';
import type { MessageStream, Method } from '../rpc/method.ts';
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
  const watches = new Set<MessageStream>();
  const statusOf = (name: string) => ({ status: ServingStatus[service.health(name)] });

  const watch = (stream: MessageStream, name: string) => {
    let last: ServingStatus | undefined;
    const tell = () => {
      const answer = statusOf(name);
      if (answer.status === last) return;
      last = answer.status;
      stream.send(toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, answer)));
    };
    const unlisten = service.onHealthChange(tell);
    watches.add(stream);
    stream.onClose(() => {
      watches.delete(stream);
      unlisten();
    });
    tell();
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
      [
        pathOf(method.watch),
        {
          kind: 'streaming',
          open: (stream) =>
            stream.onMessage((message) => watch(stream, decodeRequest(method.watch, message).service)),
        },
      ],
    ],
    endWatches() {
      for (const stream of watches) stream.end();
    },
  };
}
