import * as z from 'zod';
import { duration } from './duration.ts';
import { defaulted, fraction } from './field.ts';
import { limitKey, matches } from './match.ts';
import { dnsLabel } from './name.ts';
import { record, requireOneOf } from './record.ts';

const ratePerSecond = () => z.number().gt(0).max(10_000_000);

const bounds = {
  minRequestsPerSecond: defaulted(
    ratePerSecond().describe('Never less than this.'),
    10,
    'the loop must see traffic to learn',
  ),
  maxRequestsPerSecond: ratePerSecond()
    .exactOptional()
    .describe('Never more than this; no bound unless given.'),
};

const adaptive = z
  .discriminatedUnion('signal', [
    record({
      signal: z.literal('Latency').describe('Follows the latency of the answers.'),
      quantile: defaulted(fraction().describe('Which latency.'), 0.99, 'overload shows in the tail first'),
      target: duration({ min: '1ms' }).describe('The latency to hold.'),
      ...bounds,
    }),
    record({
      signal: z
        .literal('Queue')
        .describe("Follows the model server's queue: right for streams and generation."),
      target: z.number().gt(0).describe('The queue to hold, in requests for each instance.'),
      ...bounds,
    }),
  ])
  .superRefine(({ minRequestsPerSecond, maxRequestsPerSecond }, context) => {
    if (maxRequestsPerSecond === undefined || minRequestsPerSecond <= maxRequestsPerSecond) return;
    const message = `is less than minRequestsPerSecond (${minRequestsPerSecond}); at least as much`;
    context.addIssue({ code: 'custom', path: ['maxRequestsPerSecond'], message });
  });

const given = requireOneOf(
  record({
    name: dnsLabel().describe('The name, unique within the policy; it stands in events and metrics.'),
    per: defaulted(
      z
        .array(limitKey)
        .max(8)
        .describe('What is counted by itself: each combination of these has its own bucket.'),
      [],
      'one bucket for all',
    ),
    match: matches('Only these requests are counted and limited.', 'every request is'),
    requestsPerSecond: ratePerSecond().exactOptional().describe('The rate at which a bucket fills.'),
    burst: z
      .int()
      .min(1)
      .max(100_000_000)
      .exactOptional()
      .describe("What a full bucket holds; one second's worth of `requestsPerSecond` unless given."),
    adaptive: adaptive
      .exactOptional()
      .describe('A rate that follows a signal, in the place of `requestsPerSecond`.'),
    global: defaulted(
      z.boolean().describe('The rate holds for all sidecars together, divided among them by demand.'),
      false,
      'each inbound sidecar for itself, which needs no agreement',
    ),
    shadow: defaulted(
      z.boolean().describe('Counts and records, and refuses nobody.'),
      false,
      'a limit that is written is meant',
    ),
  }),
  ['requestsPerSecond', 'adaptive'],
  'exactly',
).superRefine(({ burst, adaptive }, context) => {
  if (burst === undefined || adaptive === undefined) return;
  context.addIssue({
    code: 'custom',
    path: ['burst'],
    message: 'has no meaning for an adaptive rate; leave it out',
  });
});

/** A bound on how often requests of a kind are let through. */
export const rateLimit = given.transform(({ requestsPerSecond, burst, adaptive, ...rest }) => {
  if (adaptive !== undefined) return { ...rest, adaptive };
  const rate = requestsPerSecond ?? 0;
  return { ...rest, requestsPerSecond: rate, burst: burst ?? Math.max(1, Math.ceil(rate)) };
});
