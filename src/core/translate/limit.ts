import type { MessageInitShape } from '@bufbuild/protobuf';
import { TypedExtensionConfigSchema } from '../../gen/envoy/config/core/v3/core_pb.js';
import { LocalRateLimitSchema } from '../../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_ratelimit_pb.js';
import type { TokenBucketSchema } from '../../gen/envoy/type/v3/type_pb.js';
import type { LimitIr, ServiceIr } from '../ir/ir.ts';
import { entriesOf, escapeRegex, rateLimitsOf } from './limit-descriptor.ts';
import { assignSlots, LIMIT_SLOTS, SHARE_SLOTS } from './limit-slots.ts';
import { type CounterPlace, counterStatName, limitSlotName, limitStatName, shareSlotName } from './names.ts';
import { type NamedResource, resource, typedConfig } from './resource.ts';
import { durationOf, fraction, setHeader } from './value.ts';

/** Clients with a bucket of their own, the most recent ones; Envoy's default of 20 limits nobody beyond that. */
const MAX_CLIENTS = 100_000;
/** The bucket of requests that no descriptor counts: never empty. */
const UNLIMITED = 4_294_967_295;
/** One call in so long is not counted: the token that comes then. */
const COUNTER_FILL_MS = 86_400_000;
/** What the sidecars of all callers ask all the time. */
const GRPC_HEALTH_PATHS = '/grpc\\.health\\.v1\\.Health/.*';

/** Of a sidecar without a share yet: one request, and nearly nothing after it. Envoy knows no rate of zero. */
const LEAST_SHARE = 0.001;

type FilterInit = MessageInitShape<typeof LocalRateLimitSchema>;

/** A filter that limits nothing: what stands in a slot without a limit. */
export const unlimited: FilterInit = { statPrefix: 'limits/none' };

/** The filter configurations with which the inbound sidecars of a service enforce its limits, one a slot in use. */
export function limitFilters(service: ServiceIr): readonly NamedResource[] {
  const shared = service.limits.filter(({ shares }) => shares === undefined);
  const divided = service.limits.filter(({ shares }) => shares !== undefined);
  const slots = assignSlots(shared);
  const sharers = new Set(divided.flatMap(({ shares = {} }) => Object.keys(shares)));
  return [
    ...slotsOf(slots).map(([slot, limits]) =>
      filterResource(limitSlotName(service.id, slot), limitFilter(service, limits)),
    ),
    ...counterFilters(service, slots),
    ...[...sharers].flatMap((nodeId) =>
      slotsOf(assignSlots(divided, SHARE_SLOTS)).map(([slot, limits]) => {
        const own = limits.map((limit) => shareOf(limit, nodeId));
        return filterResource(shareSlotName(service.id, nodeId, slot), limitFilter(service, own));
      }),
    ),
  ];
}

function slotsOf(slots: ReadonlyMap<number, readonly LimitIr[]>) {
  return [...slots].sort(([a], [b]) => a - b);
}

function filterResource(name: string, filter: FilterInit): NamedResource {
  const config = typedConfig(LocalRateLimitSchema, filter);
  return resource(TypedExtensionConfigSchema, name, { name, typedConfig: config });
}

/**
 * Filters that only count what a limit matches, in slots that no limit has: before it where there is one. Without a
 * free slot a limit goes by all calls of the service. The slots of divided limits come after all of these.
 */
function counterFilters(
  service: ServiceIr,
  taken: ReadonlyMap<number, readonly LimitIr[]>,
): readonly NamedResource[] {
  const free = Array.from({ length: LIMIT_SLOTS }, (_, slot) => slot).filter((slot) => !taken.has(slot));
  const counted = service.limits.filter((limit) => limit.counted);
  return counted.slice(0, free.length).map((limit, index) => {
    const slot = free[index] ?? 0;
    const own = [...taken].find(([, limits]) => limits.includes(limit))?.[0] ?? LIMIT_SLOTS;
    const place = slot < own ? 'offered' : 'admitted';
    return filterResource(limitSlotName(service.id, slot), counterFilter(service, limit, place));
  });
}

/** A bucket that is never full refuses nobody, and Envoy counts whom it would: all that the limit matches. */
function counterFilter(service: ServiceIr, limit: LimitIr, place: CounterPlace): FilterInit {
  const unkeyed = { ...limit, per: [] };
  return {
    statPrefix: counterStatName(service.id, place, limit.name),
    tokenBucket: { maxTokens: UNLIMITED, tokensPerFill: UNLIMITED, fillInterval: durationOf(1000) },
    filterEnabled: { defaultValue: fraction(10_000) },
    filterEnforced: { defaultValue: fraction(0) },
    alwaysConsumeDefaultTokenBucket: false,
    rateLimits: [...rateLimitsOf(unkeyed, healthPaths(service))],
    descriptors: [
      {
        entries: [...entriesOf(unkeyed)],
        tokenBucket: { maxTokens: 1, tokensPerFill: 1, fillInterval: durationOf(COUNTER_FILL_MS) },
      },
    ],
  };
}

/** A sidecar's part of a global limit, and of its burst. */
function shareOf(limit: LimitIr, nodeId: string): LimitIr {
  const share = limit.shares?.[nodeId] ?? 0;
  const burst = (limit.burst * share) / limit.requestsPerSecond;
  return { ...limit, requestsPerSecond: Math.max(share, LEAST_SHARE), burst };
}

function limitFilter(service: ServiceIr, limits: readonly LimitIr[]): FilterInit {
  const names = limits.map(({ name }) => name);
  const uncounted = healthPaths(service);
  return {
    statPrefix: limitStatName(service.id, names),
    tokenBucket: { maxTokens: UNLIMITED, tokensPerFill: UNLIMITED, fillInterval: durationOf(1000) },
    filterEnabled: { defaultValue: fraction(10_000) },
    filterEnforced: { defaultValue: fraction(10_000) },
    alwaysConsumeDefaultTokenBucket: false,
    maxDynamicDescriptors: MAX_CLIENTS,
    rateLimits: limits.flatMap((limit) => rateLimitsOf(limit, uncounted)),
    descriptors: limits.map((limit) => ({
      entries: [...entriesOf(limit)],
      tokenBucket: tokenBucket(limit),
      shadowMode: limit.shadow,
    })),
    rateLimitedAsResourceExhausted: true,
    enableRetryAfterHeader: true,
    responseHeadersToAdd: [
      setHeader('x-penstock-limit', names.join('+')),
      // What gRPC's own retries heed: the time in which one token comes.
      setHeader('grpc-retry-pushback-ms', String(slowestTokenMs(limits))),
    ],
  };
}

/** The paths of the health checks of this service, as an RE2 expression. */
function healthPaths({ versions }: ServiceIr): string {
  const targets = versions.flatMap(({ healthCheck }) =>
    healthCheck?.kind === 'http' ? [escapeRegex(healthCheck.target)] : [],
  );
  return [...new Set([GRPC_HEALTH_PATHS, ...targets])].join('|');
}

/** Refills steadily; a whole number of tokens in just the time that makes the rate exact. */
function tokenBucket({ requestsPerSecond, burst }: LimitIr): MessageInitShape<typeof TokenBucketSchema> {
  const tokensPerFill = Math.max(1, Math.round(requestsPerSecond));
  return {
    maxTokens: Math.max(1, Math.round(burst)),
    tokensPerFill,
    fillInterval: durationOf((tokensPerFill / requestsPerSecond) * 1000),
  };
}

function slowestTokenMs(limits: readonly LimitIr[]): number {
  return Math.ceil(1000 / Math.min(...limits.map(({ requestsPerSecond }) => requestsPerSecond)));
}
