import * as z from 'zod';
import { duration } from './duration.ts';
import { defaulted, percent } from './field.ts';
import { requestPath } from './name.ts';
import { record, requireOneOf } from './record.ts';

/** How long each part of a call may take. */
export const timeouts = record({
  connect: defaulted(
    duration({ min: '1ms', max: '5m' }).describe('To open a connection.'),
    '10s',
    'long enough for a loaded host, short enough to try another',
  ),
  request: defaulted(
    duration().describe(
      'From the end of the request to the end of the answer; `0s` sets no bound. A shorter deadline of the caller (`grpc-timeout`) rules.',
    ),
    '30s',
    'the longest inference that a caller still waits for',
  ),
  idle: defaulted(
    duration().describe('Without a byte in either direction; `0s` sets no bound.'),
    '5m',
    'dialogue streams pause between turns',
  ),
  stream: defaulted(
    duration().describe('The longest life of a stream; `0s` sets no bound.'),
    '0s',
    'a stream may last; an open breaker does not cut it',
  ),
});

const retryConditions = [
  'unavailable',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  '5xx',
  'gateway-error',
  'connect-failure',
  'refused-stream',
  'reset',
  'retriable-4xx',
] as const;

const backoff = record({
  base: defaulted(
    duration({ min: '1ms' }).describe('Before the first retry, on average.'),
    '25ms',
    "Envoy's own",
  ),
  max: defaulted(duration({ min: '1ms' }).describe('The longest pause.'), '250ms', 'ten times the base'),
}).refine(({ base, max }) => base <= max, { path: ['max'], error: 'is shorter than base; at least base' });

const hedging = record({
  after: duration({ min: '1ms' }).describe(
    'A second try starts beside the first after this long; the first answer wins.',
  ),
});

/** When and how a failed call is tried again. */
export const retries = record({
  attempts: defaulted(
    z.int().min(0).max(10).describe('How often a failed call is tried again, the first try not counted.'),
    2,
    'rides out one sick instance and its neighbour',
  ),
  on: defaulted(
    z.array(z.enum(retryConditions)).min(1).describe('The failures that are tried again.'),
    ['unavailable', 'connect-failure', 'refused-stream'],
    'failures after which the model server has not worked on the call',
  ),
  perTryTimeout: duration({ min: '1ms' })
    .exactOptional()
    .describe('The bound of each try; the request timeout alone unless given.'),
  backoff: defaulted(
    backoff.describe('The pause before a retry, exponential with jitter.'),
    {},
    'see its fields',
  ),
  budgetPercent: defaulted(
    percent().describe('Retries in progress may be at most this share of the requests in progress.'),
    20,
    'a retry storm cannot more than fifth the load',
  ),
  rescue: defaulted(
    z
      .boolean()
      .describe(
        "A retry chooses the version again, so that a candidate's failure can be answered by stable. For idempotent calls.",
      ),
    false,
    'whether a call may be made twice is for its owner to say',
  ),
  hedging: hedging
    .exactOptional()
    .describe('A second try before the first has failed. For idempotent calls.'),
});

/** How the sidecars find out that an instance is not well. */
export const healthCheck = requireOneOf(
  record({
    grpc: record({
      service: z
        .string()
        .exactOptional()
        .describe('The service name asked for; the whole server unless given.'),
    })
      .exactOptional()
      .describe('The gRPC health protocol.'),
    http: record({
      path: defaulted(
        requestPath().describe('The path; 200 is healthy.'),
        '/v2/health/ready',
        'the Open Inference Protocol',
      ),
    })
      .exactOptional()
      .describe('An HTTP GET.'),
    interval: defaulted(
      duration({ min: '100ms', max: '10m' }).describe('Between two checks.'),
      '10s',
      'light, and passive ejection is faster anyway',
    ),
    timeout: defaulted(
      duration({ min: '10ms', max: '10m' }).describe('Of one check.'),
      '5s',
      'half the interval',
    ),
    unhealthyThreshold: defaulted(
      z.int().min(1).max(100).describe('Failures in a row that take an instance out.'),
      3,
      'one lost packet is no outage',
    ),
    healthyThreshold: defaulted(
      z.int().min(1).max(100).describe('Successes in a row that bring it back.'),
      2,
      'one lucky answer is no recovery',
    ),
  }),
  ['grpc', 'http'],
  'exactly',
);
