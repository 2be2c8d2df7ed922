import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteActionSchema } from '../../gen/envoy/config/route/v3/route_pb.js';
import type { RetriesIr, RoutingIr } from '../ir/ir.ts';
import { hedgePolicy, retryPolicy } from './retry.ts';
import { durationOf } from './value.ts';

/** Of a call, what does not depend on where it goes. */
export type CallInit = Pick<
  MessageInitShape<typeof RouteActionSchema>,
  'timeout' | 'idleTimeout' | 'maxStreamDuration' | 'retryPolicy' | 'hedgePolicy'
>;

/** No further tries: what a policy needs that is there for its timeout alone. */
const ONE_TRY: RetriesIr = {
  attempts: 0,
  on: [],
  backoffBaseMs: 25,
  backoffMaxMs: 250,
  perTryTimeoutMs: undefined,
  rescue: false,
  hedgeAfterMs: undefined,
};

/**
 * Timeouts and retries of a call whose caller gave no deadline. The bound is the router's, so that an instance
 * that hangs is counted against it (ejection, load reports); that the answer is DEADLINE_EXCEEDED is seen to by
 * the connection manager (local-replies).
 */
export function callWithoutDeadline(routing: RoutingIr): CallInit {
  if (routing.streamTimeoutMs === 0) {
    return { timeout: durationOf(routing.requestTimeoutMs), ...shared(routing, routing.retries) };
  }
  // Beside a bound of the stream Envoy leaves the route's timeout out of account, but not that of a try.
  const retries = routing.retries ?? ONE_TRY;
  const perTryTimeoutMs = retries.perTryTimeoutMs ?? (routing.requestTimeoutMs || undefined);
  return {
    maxStreamDuration: { maxStreamDuration: durationOf(routing.streamTimeoutMs) },
    ...shared(routing, { ...retries, perTryTimeoutMs }),
  };
}

/**
 * Timeouts and retries of a call that carries a deadline (`grpc-timeout`). The deadline rules where it is shorter
 * than the request's bound, for all tries together; by itself a route's timeout ignores it.
 */
export function callWithDeadline(routing: RoutingIr): CallInit {
  const life =
    routing.streamTimeoutMs === 0 ? {} : { maxStreamDuration: durationOf(routing.streamTimeoutMs) };
  return {
    maxStreamDuration: { ...life, grpcTimeoutHeaderMax: durationOf(longestDeadlineMs(routing)) },
    ...shared(routing, routing.retries),
  };
}

/** The shorter of the two bounds; 0, which is none, where neither is set. */
function longestDeadlineMs({ requestTimeoutMs, streamTimeoutMs }: RoutingIr): number {
  const bounds = [requestTimeoutMs, streamTimeoutMs].filter((ms) => ms > 0);
  return bounds.length === 0 ? 0 : Math.min(...bounds);
}

function shared(routing: RoutingIr, retries: RetriesIr | undefined): CallInit {
  const idle = { idleTimeout: durationOf(routing.idleTimeoutMs) };
  if (retries === undefined) return idle;
  const hedge = hedgePolicy(retries);
  return {
    ...idle,
    retryPolicy: retryPolicy(retries),
    ...(hedge === undefined ? {} : { hedgePolicy: hedge }),
  };
}
