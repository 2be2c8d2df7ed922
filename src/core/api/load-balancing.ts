import * as z from 'zod';
import { duration } from './duration.ts';
import { defaulted } from './field.ts';
import { callerKey } from './match.ts';
import { record } from './record.ts';

const policies = ['LeastRequest', 'RoundRobin', 'Random', 'Maglev', 'RingHash', 'Utilization'] as const;

/** How an endpoint is chosen for a request. */
export type LoadBalancingPolicy = (typeof policies)[number];

const hashing: ReadonlySet<LoadBalancingPolicy> = new Set(['Maglev', 'RingHash']);
// Envoy knows a slow start for these only.
const ramping: ReadonlySet<LoadBalancingPolicy> = new Set(['LeastRequest', 'RoundRobin', 'Utilization']);

/** How requests are spread over the endpoints of a version. */
export const loadBalancing = record({
  policy: z
    .enum(policies)
    .exactOptional()
    .describe(
      'How an endpoint is chosen. Unless given: Maglev where there is an affinity, else LeastRequest.',
    ),
  affinity: callerKey
    .exactOptional()
    .describe('The same session reaches the same instance, by consistent hashing.'),
  slowStart: defaulted(
    duration({ max: '1h' }).describe('How long a new endpoint takes to come to its full share.'),
    '0s',
    'no ramp: a model server that is ready has warmed up',
  ),
  utilizationMetrics: defaulted(
    z
      .array(z.string().min(1))
      .min(1)
      .describe('The load metrics (ORCA) whose maximum is the utilisation, for the policy Utilization.'),
    ['named_metrics.gpu'],
    'the model server reports its GPU under this name',
  ),
}).transform((given, context) => {
  const policy = given.policy ?? (given.affinity === undefined ? 'LeastRequest' : 'Maglev');
  if (given.affinity !== undefined && !hashing.has(policy)) {
    context.addIssue({
      code: 'custom',
      path: ['policy'],
      message: `${policy} cannot keep an affinity; Maglev or RingHash, or no affinity`,
    });
  }
  if (given.slowStart > 0 && !ramping.has(policy)) {
    context.addIssue({
      code: 'custom',
      path: ['slowStart'],
      message: `${policy} has no slow start; LeastRequest or RoundRobin, or slowStart 0s`,
    });
  }
  return { ...given, policy };
});
