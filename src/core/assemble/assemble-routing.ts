import { grpcErrorStatuses } from '../api/fallback.ts';
import type { CallerKey, RequestMatch } from '../api/match.ts';
import type { ModelRollout } from '../api/model-rollout.ts';
import type { ModelService } from '../api/model-service.ts';
import type { Frozen } from '../api/record.ts';
import type { BreakerPolicy, TrafficPolicy } from '../api/traffic-policy.ts';
import {
  type BreakerIr,
  type FallbackIr,
  type HashKeyIr,
  type MatchIr,
  type RetriesIr,
  type RoutingIr,
  type SliceIr,
  TOTAL_WEIGHT,
  type WeightIr,
} from '../ir/ir.ts';
import type { SliceTraffic } from '../policy/rollout/decision.ts';
import type { ServiceDecisions } from './decisions.ts';

type HeaderMatch = NonNullable<Frozen<RequestMatch>['headers']>[number];

/** Finds the cluster that another service in the namespace answers with now. */
export type ClusterOfService = (name: string) => string | undefined;

/** Where the cache of answers is that breakers fall back to. */
export interface FallbackCache {
  readonly host: string;
  readonly port: number;
}

/** Routes of a service: slices, weights, breaker, timeouts, retries, mirror. */
export function assembleRouting(
  service: ModelService,
  rollout: ModelRollout | undefined,
  policy: TrafficPolicy | undefined,
  decisions: ServiceDecisions,
  clusterOf: ClusterOfService,
  cache: FallbackCache | undefined,
): RoutingIr {
  const { spec } = service;
  const breaker = policy?.spec.breaker;
  return {
    stickiness: spec.stickiness.map(hashKey),
    salt: decisions.salt,
    slices: assembleSlices(rollout, decisions),
    weights: decisions.weights ?? allTo(service, spec.defaultVersion),
    breaker:
      breaker === undefined ? undefined : assembleBreaker(service, breaker, decisions, clusterOf, cache),
    requestTimeoutMs: spec.timeouts.request,
    idleTimeoutMs: spec.timeouts.idle,
    streamTimeoutMs: spec.timeouts.stream,
    retries: assembleRetries(service),
    mirror: decisions.mirror ?? spec.mirror,
  };
}

/** A slice that the spec does not have any more is nobody's. */
function assembleSlices(rollout: ModelRollout | undefined, { slices }: ServiceDecisions): readonly SliceIr[] {
  if (rollout === undefined) return [];
  return slices.flatMap(({ by, weights }) => {
    const matches = matchesOf(rollout, by).map(requestMatch);
    return matches.length === 0 ? [] : [{ matches, weights }];
  });
}

function matchesOf({ spec }: ModelRollout, by: SliceTraffic['by']): readonly Frozen<RequestMatch>[] {
  if (by === 'match') return spec.match;
  if (by === 'preview') return spec.strategy.blueGreen?.previewMatch ?? [];
  return spec.slices.find(({ name }) => name === by.slice)?.match ?? [];
}

/** Every version of the service with its weight, all of it on one. */
function allTo(service: ModelService, version: string): readonly WeightIr[] {
  return service.spec.versions.map(({ name }) => ({
    version: name,
    weight: name === version ? TOTAL_WEIGHT : 0,
  }));
}

/** A caller's key in the words of the representation. */
export function hashKey(key: CallerKey): HashKeyIr {
  return key.header === undefined ? { kind: 'sourceIp' } : { kind: 'header', name: key.header };
}

/** A match of a spec in the words of the representation. */
export function requestMatch(match: Frozen<RequestMatch>): MatchIr {
  return { path: match.path, pathPrefix: match.pathPrefix, headers: (match.headers ?? []).map(headerMatch) };
}

function headerMatch(header: HeaderMatch): MatchIr['headers'][number] {
  const { name } = header;
  if (header.value !== undefined) return { name, kind: 'exact', value: header.value };
  if (header.prefix !== undefined) return { name, kind: 'prefix', value: header.prefix };
  if (header.regex !== undefined) return { name, kind: 'regex', value: header.regex };
  return { name, kind: 'present', value: '' };
}

function assembleBreaker(
  service: ModelService,
  breaker: BreakerPolicy,
  decisions: ServiceDecisions,
  clusterOf: ClusterOfService,
  cache: FallbackCache | undefined,
): BreakerIr {
  return {
    admitted: breaker.shadow ? TOTAL_WEIGHT : (decisions.admitted ?? TOTAL_WEIGHT),
    bypass: breaker.bypass.map(requestMatch),
    fallback: assembleFallback(service, breaker.fallback, clusterOf, cache),
  };
}

function assembleFallback(
  service: ModelService,
  fallback: BreakerPolicy['fallback'],
  clusterOf: ClusterOfService,
  cache: FallbackCache | undefined,
): FallbackIr {
  const { namespace, name } = service.metadata;
  if (fallback.service !== undefined) {
    const cluster = clusterOf(fallback.service);
    if (cluster !== undefined) return { kind: 'cluster', cluster, label: fallback.service };
    return unavailable(`${name} is not available, nor is its fallback ${fallback.service}`);
  }
  if (fallback.version !== undefined) {
    return { kind: 'cluster', cluster: `${namespace}/${name}/${fallback.version}`, label: fallback.version };
  }
  if (fallback.cached !== undefined) {
    if (cache === undefined) return unavailable(`${name} is not available, and no fallback cache is there`);
    return { kind: 'cached', ...cache, ttlMs: fallback.cached.ttl, maxEntries: fallback.cached.maxEntries };
  }
  const { grpcStatus, httpStatus, message, headers } = fallback.response ?? {
    grpcStatus: 'UNAVAILABLE' as const,
    httpStatus: 503,
    message: 'the model is not available',
    headers: {},
  };
  return {
    kind: 'response',
    grpcStatus: grpcErrorStatuses.indexOf(grpcStatus) + 1,
    httpStatus,
    message,
    headers: Object.entries(headers).map(([header, value]) => ({ name: header, value })),
  };
}

/** The answer where there is nothing else. */
export function unavailable(message: string): FallbackIr {
  const grpcStatus = grpcErrorStatuses.indexOf('UNAVAILABLE') + 1;
  return { kind: 'response', grpcStatus, httpStatus: 503, message, headers: [] };
}

function assembleRetries(service: ModelService): RetriesIr | undefined {
  const { retries } = service.spec;
  if (retries === undefined || retries.attempts === 0) return undefined;
  return {
    attempts: retries.attempts,
    on: retries.on,
    perTryTimeoutMs: retries.perTryTimeout,
    backoffBaseMs: retries.backoff.base,
    backoffMaxMs: retries.backoff.max,
    rescue: retries.rescue,
    hedgeAfterMs: retries.hedging?.after,
  };
}
