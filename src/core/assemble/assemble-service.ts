import type { ModelRollout } from '../api/model-rollout.ts';
import type { ModelService } from '../api/model-service.ts';
import type { RateLimitPolicy, TrafficPolicy } from '../api/traffic-policy.ts';
import type {
  HealthCheckIr,
  LimitIr,
  LimitKeyIr,
  OutlierDetectionIr,
  ServiceIr,
  VersionIr,
} from '../ir/ir.ts';
import { countsByItself } from '../policy/limiter/counts-by-itself.ts';
import { assembleEndpoints, type DiscoveredEndpoint } from './assemble-endpoints.ts';
import {
  assembleRouting,
  type ClusterOfService,
  type FallbackCache,
  hashKey,
  requestMatch,
} from './assemble-routing.ts';
import type { ServiceDecisions } from './decisions.ts';

/** Everything that the sidecars are told of one service comes of these. */
export interface ServiceInputs {
  readonly service: ModelService;
  readonly rollout: ModelRollout | undefined;
  readonly policy: TrafficPolicy | undefined;
  readonly decisions: ServiceDecisions;
  /** By version name; the static ones of the spec and those that were discovered. */
  readonly endpoints: ReadonlyMap<string, readonly DiscoveredEndpoint[]>;
  readonly clusterOf: ClusterOfService;
  readonly fallbackCache: FallbackCache | undefined;
}

/** Specs, decisions and endpoints of a service become its intermediate representation. */
export function assembleService(inputs: ServiceInputs): ServiceIr {
  const { service, rollout, policy, decisions, clusterOf, fallbackCache } = inputs;
  const { namespace, name } = service.metadata;
  return {
    id: `${namespace}/${name}`,
    hosts: service.spec.hosts,
    port: service.spec.port,
    protocol: service.spec.protocol,
    versions: service.spec.versions.map((version) => assembleVersion(version.name, inputs)),
    routing: assembleRouting(service, rollout, policy, decisions, clusterOf, fallbackCache),
    ...(service.spec.mtls && { mtls: service.spec.mtls }),
    limits: (policy?.spec.rateLimits ?? []).flatMap((limit) => assembleLimit(limit, decisions)),
  };
}

function assembleVersion(
  version: string,
  { service, policy, decisions, endpoints }: ServiceInputs,
): VersionIr {
  const { namespace, name } = service.metadata;
  const { spec } = service;
  const { affinity } = spec.loadBalancing;
  return {
    name: version,
    cluster: `${namespace}/${name}/${version}`,
    endpoints: assembleEndpoints(
      endpoints.get(version) ?? [],
      decisions.endpointFactors.get(version) ?? new Map(),
      decisions.overflow.get(version) ?? 0,
    ),
    balancing: {
      policy: spec.loadBalancing.policy,
      slowStartMs: spec.loadBalancing.slowStart,
      affinity: affinity === undefined ? [] : [hashKey(affinity)],
      utilizationMetrics: spec.loadBalancing.utilizationMetrics,
    },
    outlierDetection: assembleOutlierDetection(policy),
    healthCheck: assembleHealthCheck(service),
    connectTimeoutMs: spec.timeouts.connect,
    maxRequests: undefined,
    retryBudgetPercent: spec.retries?.budgetPercent ?? 20,
    protocol: spec.protocol,
  };
}

function assembleOutlierDetection(policy: TrafficPolicy | undefined): OutlierDetectionIr | undefined {
  const given = policy?.spec.outlierDetection;
  if (given === undefined) return undefined;
  return {
    consecutiveErrors: given.consecutiveErrors,
    intervalMs: given.interval,
    ejectionTimeMs: given.ejectionTime,
    maxEjectionPercent: given.maxEjectionPercent,
    failureRate: given.failureRate,
  };
}

function assembleHealthCheck(service: ModelService): HealthCheckIr | undefined {
  const given = service.spec.healthCheck;
  if (given === undefined) return undefined;
  return {
    kind: given.http === undefined ? 'grpc' : 'http',
    target: given.http?.path ?? given.grpc?.service ?? '',
    intervalMs: given.interval,
    timeoutMs: given.timeout,
    unhealthyThreshold: given.unhealthyThreshold,
    healthyThreshold: given.healthyThreshold,
  };
}

/**
 * The bucket of an adaptive rate is small: each new rate fills it, and with a second's worth of burst a rate that
 * changes each second would be let through twice.
 */
export function adaptiveBurst(requestsPerSecond: number): number {
  return Math.max(2, Math.ceil(requestsPerSecond / 8));
}

/** An adaptive limit whose rate was not decided yet limits nobody. */
function assembleLimit(limit: RateLimitPolicy, decisions: ServiceDecisions): readonly LimitIr[] {
  const rate = 'requestsPerSecond' in limit ? limit.requestsPerSecond : decisions.limitRates.get(limit.name);
  if (rate === undefined) return [];
  const shares = limit.global ? (decisions.limitShares.get(limit.name) ?? {}) : undefined;
  return [
    {
      name: limit.name,
      per: limit.per.map((key): LimitKeyIr => {
        if (key.header !== undefined) return { kind: 'header', name: key.header };
        if (key.method) return { kind: 'method' };
        return key.version ? { kind: 'version' } : { kind: 'sourceIp' };
      }),
      matches: limit.match.map(requestMatch),
      requestsPerSecond: rate,
      burst: 'burst' in limit ? limit.burst : adaptiveBurst(rate),
      shares,
      counted: countsByItself(limit),
      shadow: limit.shadow,
    },
  ];
}
