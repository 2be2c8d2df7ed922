import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HedgePolicySchema, RetryPolicySchema } from '../../gen/envoy/config/route/v3/route_pb.js';
import { PreviousHostsPredicateSchema } from '../../gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import type { RetriesIr } from '../ir/ir.ts';
import { typedConfig } from './resource.ts';
import { durationOf } from './value.ts';

/** How often another instance is looked for before one that failed already is taken again. */
const HOST_SELECTION_ATTEMPTS = 5;

/** The retry policy of a route: exponential backoff, another instance each time. The budget is the cluster's. */
export function retryPolicy(retries: RetriesIr): MessageInitShape<typeof RetryPolicySchema> {
  const perTryTimeoutMs = retries.hedgeAfterMs ?? retries.perTryTimeoutMs;
  return {
    retryOn: retries.on.join(','),
    numRetries: retries.attempts,
    retryBackOff: {
      baseInterval: durationOf(retries.backoffBaseMs),
      maxInterval: durationOf(retries.backoffMaxMs),
    },
    retryHostPredicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        configType: { case: 'typedConfig', value: typedConfig(PreviousHostsPredicateSchema, {}) },
      },
    ],
    hostSelectionRetryMaxAttempts: BigInt(HOST_SELECTION_ATTEMPTS),
    refreshClusterOnRetry: retries.rescue,
    ...(perTryTimeoutMs === undefined ? {} : { perTryTimeout: durationOf(perTryTimeoutMs) }),
  };
}

/** With hedging the timeout of a try does not end it: another try starts beside it. */
export function hedgePolicy(retries: RetriesIr): MessageInitShape<typeof HedgePolicySchema> | undefined {
  return retries.hedgeAfterMs === undefined ? undefined : { hedgeOnPerTryTimeout: true };
}
