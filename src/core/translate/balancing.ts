import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { LoadBalancingPolicySchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClientSideWeightedRoundRobinSchema } from '../../gen/envoy/extensions/load_balancing_policies/client_side_weighted_round_robin/v3/client_side_weighted_round_robin_pb.js';
import { LeastRequestSchema } from '../../gen/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js';
import { MaglevSchema } from '../../gen/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb.js';
import { RandomSchema } from '../../gen/envoy/extensions/load_balancing_policies/random/v3/random_pb.js';
import { RingHashSchema } from '../../gen/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.js';
import { RoundRobinSchema } from '../../gen/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.js';
import { WrrLocalitySchema } from '../../gen/envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality_pb.js';
import type { BalancingIr } from '../ir/ir.ts';
import { hashPolicies } from './hash-policy.ts';
import { typedConfig } from './resource.ts';
import { durationOf } from './value.ts';

type PolicyInit = MessageInitShape<typeof LoadBalancingPolicySchema>;

/** The share with which a new endpoint begins its slow start, percent of its weight. */
const SLOW_START_FROM_PERCENT = 10;

/**
 * How an endpoint is chosen. A client takes the first policy of the list that it knows: Envoy the first, gRPC's
 * own clients round robin where they do not know that one.
 */
export function loadBalancingPolicy(balancing: BalancingIr): PolicyInit {
  const roundRobin = policy('round_robin', typedConfig(RoundRobinSchema, {}));
  return {
    policies: [
      chosen(balancing),
      policy(
        'wrr_locality',
        typedConfig(WrrLocalitySchema, { endpointPickingPolicy: { policies: [roundRobin] } }),
      ),
    ],
  };
}

function chosen(balancing: BalancingIr) {
  switch (balancing.policy) {
    case 'LeastRequest':
      return policy(
        'least_request',
        typedConfig(LeastRequestSchema, {
          // Where weights differ they were decided: with a bias an endpoint that was given less because it
          // fails fast would have few requests under way and so get more again.
          activeRequestBias: { defaultValue: 0, runtimeKey: 'penstock.least_request.active_request_bias' },
          ...slowStart(balancing.slowStartMs),
        }),
      );
    case 'RoundRobin':
      return policy('round_robin', typedConfig(RoundRobinSchema, slowStart(balancing.slowStartMs)));
    case 'Random':
      return policy('random', typedConfig(RandomSchema, {}));
    case 'Maglev':
      return policy('maglev', typedConfig(MaglevSchema, affinity(balancing)));
    case 'RingHash':
      return policy('ring_hash', typedConfig(RingHashSchema, affinity(balancing)));
    case 'Utilization':
      return policy(
        'client_side_weighted_round_robin',
        typedConfig(ClientSideWeightedRoundRobinSchema, {
          metricNamesForComputingUtilization: [...balancing.utilizationMetrics],
          ...slowStart(balancing.slowStartMs),
        }),
      );
  }
}

function policy(name: string, typed: Any) {
  return { typedExtensionConfig: { name: `envoy.load_balancing_policies.${name}`, typedConfig: typed } };
}

function slowStart(ms: number) {
  if (ms === 0) return {};
  return {
    slowStartConfig: {
      slowStartWindow: durationOf(ms),
      minWeightPercent: { value: SLOW_START_FROM_PERCENT },
    },
  };
}

/** The policy's own hash keys: those of the route choose the version and are salted anew for each rollout. */
function affinity(balancing: BalancingIr) {
  return { consistentHashingLbConfig: { hashPolicy: hashPolicies(balancing.affinity, '') } };
}
