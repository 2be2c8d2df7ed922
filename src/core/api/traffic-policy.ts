import * as z from 'zod';
import { balancing } from './balancing.ts';
import { breaker } from './breaker.ts';
import { duration } from './duration.ts';
import { defaulted } from './field.ts';
import { kindOf, targetRef } from './metadata.ts';
import { outlierDetection } from './outlier-detection.ts';
import { rateLimit } from './rate-limit.ts';
import { type Frozen, record } from './record.ts';
import { eventHook } from './webhook.ts';

const forecast = record({
  season: defaulted(
    duration({ min: '1h', max: '720h' }).describe('After this long, traffic repeats itself.'),
    '24h',
    'days are alike; 168h where weekends differ',
  ),
  seasons: defaulted(
    z.int().min(2).max(28).describe('How many past seasons are looked at; Prometheus must have kept them.'),
    7,
    'a week of days',
  ),
  ahead: defaulted(
    duration({ min: '1m', max: '2h' }).describe(
      'How far ahead is looked: as long as a replica takes to be warm.',
    ),
    '10m',
    'time to schedule, to load and to warm up',
  ),
});

const scaling = record({
  requestsPerSecondPerReplica: z
    .number()
    .gt(0)
    .describe('What one replica serves, measured.')
    .meta({ examples: [500] }),
  minReplicas: defaulted(
    z.int().min(0).max(10_000).describe('Never fewer; 0 scales to zero.'),
    2,
    'one may fail',
  ),
  maxReplicas: defaulted(
    z.int().min(1).max(10_000).describe('Never more.'),
    20,
    'a bound on what a mistake can cost',
  ),
  forecast: forecast
    .exactOptional()
    .describe(
      'Asks for replicas ahead of a peak that past seasons had; needs Prometheus; none unless given.',
    ),
}).refine(({ minReplicas, maxReplicas }) => minReplicas <= maxReplicas, {
  path: ['maxReplicas'],
  error: 'is less than minReplicas; at least minReplicas',
});

const spec = record({
  targetRef: targetRef.describe('The service that is protected. One policy a service.'),
  breaker: breaker
    .exactOptional()
    .describe(
      'Opens when a version fails or crawls, judged over the whole fleet of sidecars; none unless given.',
    ),
  outlierDetection: outlierDetection
    .exactOptional()
    .describe('Each sidecar by itself takes a failing endpoint out for a while; none unless given.'),
  balancing: balancing
    .exactOptional()
    .describe('Shifts traffic away from endpoints that fail, crawl or are full; none unless given.'),
  rateLimits: defaulted(
    z.array(rateLimit).describe('Bounds on how often requests are let through; all must have room.'),
    [],
    'nobody is limited',
  ),
  scaling: scaling
    .exactOptional()
    .describe('What the demand for replicas is computed from; none unless given.'),
  webhooks: defaulted(
    z.array(eventHook).describe('Receivers of the events of breaker, limits and ejections.'),
    [],
    'nobody is told',
  ),
});

/** Protects a service: breaker, ejection, balancing, limits, scaling. */
export const trafficPolicySchema = kindOf('TrafficPolicy', spec).describe(
  'Protects a service: breaker, ejection, balancing, limits, scaling.',
);

export type TrafficPolicyInput = z.input<typeof trafficPolicySchema>;
export type TrafficPolicy = Frozen<z.output<typeof trafficPolicySchema>>;
export type BreakerPolicy = NonNullable<TrafficPolicy['spec']['breaker']>;
export type BalancingPolicy = NonNullable<TrafficPolicy['spec']['balancing']>;
export type RateLimitPolicy = TrafficPolicy['spec']['rateLimits'][number];
