import * as z from 'zod';
import { duration } from './duration.ts';
import { defaulted, percent } from './field.ts';
import { record } from './record.ts';

const failureRate = record({
  thresholdPercent: defaulted(
    percent({ min: 1 }).describe('The share of failures that ejects.'),
    50,
    'as the breaker',
  ),
  minRequests: defaulted(
    z.int().min(1).describe('Fewer requests in an interval decide nothing.'),
    20,
    'as the breaker',
  ),
});

/** Each sidecar by itself takes a failing endpoint out for a while. */
export const outlierDetection = record({
  consecutiveErrors: defaulted(
    z.int().min(1).max(1000).describe('Failures in a row that eject an endpoint.'),
    3,
    'fails fast, and a lone error is forgiven',
  ),
  interval: defaulted(
    duration({ min: '100ms', max: '5m' }).describe('Between two looks at failure rates and ended ejections.'),
    '1s',
    'an ejection ends on time',
  ),
  ejectionTime: defaulted(
    duration({ min: '100ms', max: '1h' }).describe('How long an endpoint is out; longer with each ejection.'),
    '30s',
    'long enough to restart',
  ),
  maxEjectionPercent: defaulted(
    percent().describe('At most this share of the endpoints is out at a time; always at least one may be.'),
    50,
    "never below half of the capacity; Envoy's own ten percent ejects nobody from a small pool",
  ),
  failureRate: failureRate
    .exactOptional()
    .describe('Ejects by the share of failures too, which sees an endpoint that fails now and then.'),
});
