import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteActionSchema } from '../../gen/envoy/config/route/v3/route_pb.js';
import type { RoutingIr, ServiceIr } from '../ir/ir.ts';
import { hedgePolicy, retryPolicy } from './retry.ts';
import { durationOf } from './value.ts';

type RouteActionInit = MessageInitShape<typeof RouteActionSchema>;
/** Of a call, what does not depend on where it goes. */
export type CallInit = Pick<
  RouteActionInit,
  'timeout' | 'idleTimeout' | 'maxStreamDuration' | 'retryPolicy' | 'hedgePolicy'
>;

/** What holds for a call to whatever cluster: its timeouts and how it is tried again. */
export function callAction({ routing, protocol }: ServiceIr): CallInit {
  return {
    timeout: durationOf(routing.requestTimeoutMs),
    idleTimeout: durationOf(routing.idleTimeoutMs),
    ...maxStreamDuration(routing, protocol),
    ...retry(routing),
  };
}

/**
 * A caller's deadline (`grpc-timeout`) rules where it is shorter than the request's bound: by itself the route's
 * timeout ignores it and answers UNAVAILABLE. The bound itself stays the router's, so that an instance that
 * hangs is counted against it; the answer is made DEADLINE_EXCEEDED by the connection manager (local-replies).
 */
function maxStreamDuration(routing: RoutingIr, protocol: ServiceIr['protocol']): CallInit {
  const life =
    routing.streamTimeoutMs === 0 ? {} : { maxStreamDuration: durationOf(routing.streamTimeoutMs) };
  // Zero stands for "no bound of ours" in both.
  const deadline = protocol === 'grpc' ? { grpcTimeoutHeaderMax: durationOf(routing.requestTimeoutMs) } : {};
  return { maxStreamDuration: { ...life, ...deadline } };
}

function retry({ retries }: RoutingIr): CallInit {
  if (retries === undefined || retries.attempts === 0) return {};
  const hedge = hedgePolicy(retries);
  return { retryPolicy: retryPolicy(retries), ...(hedge === undefined ? {} : { hedgePolicy: hedge }) };
}
