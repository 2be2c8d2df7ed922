import type {
  BalancingIr,
  EndpointIr,
  LimitIr,
  RetriesIr,
  RoutingIr,
  ServiceIr,
  VersionIr,
} from '../ir/ir.ts';
import { TOTAL_WEIGHT } from '../ir/ir.ts';

type Given<T> = Partial<T>;

/** A version as a test gives it: what is left out is plain. */
export type VersionSketch = Given<Omit<VersionIr, 'endpoints' | 'balancing'>> & {
  readonly name: string;
  readonly endpoints?: readonly (Given<EndpointIr> & Pick<EndpointIr, 'port'>)[];
  readonly balancing?: Given<BalancingIr>;
};

/** A service as a test gives it. */
export type ServiceSketch = Given<Omit<ServiceIr, 'versions' | 'routing' | 'limits'>> & {
  readonly versions?: readonly VersionSketch[];
  readonly routing?: Given<Omit<RoutingIr, 'retries'>> & { readonly retries?: Given<RetriesIr> };
  readonly limits?: readonly (Given<LimitIr> & Pick<LimitIr, 'name'>)[];
};

/** The whole representation of a sketched service; without weights all goes to the first version. */
export function serviceIr(sketch: ServiceSketch = {}): ServiceIr {
  const id = sketch.id ?? 'default/fraud';
  const protocol = sketch.protocol ?? 'grpc';
  const versions = (sketch.versions ?? [{ name: 'v1' }]).map((version) => versionIr(id, protocol, version));
  return {
    id,
    hosts: sketch.hosts ?? [`${id.split('/')[1]}.default.svc.cluster.local`],
    port: sketch.port ?? 9000,
    protocol,
    versions,
    routing: routingIr(versions, sketch.routing ?? {}),
    ...(sketch.mtls && { mtls: sketch.mtls }),
    limits: (sketch.limits ?? []).map((limit) => ({
      per: [],
      matches: [],
      requestsPerSecond: 100,
      burst: 200,
      shares: undefined,
      counted: false,
      shadow: false,
      ...limit,
    })),
  };
}

function versionIr(id: string, protocol: ServiceIr['protocol'], sketch: VersionSketch): VersionIr {
  return {
    cluster: `${id}/${sketch.name}`,
    outlierDetection: undefined,
    healthCheck: undefined,
    connectTimeoutMs: 10_000,
    maxRequests: undefined,
    retryBudgetPercent: 20,
    protocol,
    ...sketch,
    endpoints: (sketch.endpoints ?? []).map((endpoint) => ({
      address: '127.0.0.1',
      weight: 10_000,
      zone: '',
      priority: 0,
      health: 'healthy',
      ...endpoint,
    })),
    balancing: {
      policy: 'LeastRequest',
      slowStartMs: 0,
      affinity: [],
      utilizationMetrics: ['named_metrics.gpu'],
      ...sketch.balancing,
    },
  };
}

function routingIr(
  versions: readonly VersionIr[],
  { retries, ...sketch }: NonNullable<ServiceSketch['routing']>,
): RoutingIr {
  return {
    stickiness: [],
    salt: '',
    slices: [],
    weights: versions.map(({ name }, index) => ({ version: name, weight: index === 0 ? TOTAL_WEIGHT : 0 })),
    breaker: undefined,
    requestTimeoutMs: 30_000,
    idleTimeoutMs: 300_000,
    streamTimeoutMs: 0,
    mirror: undefined,
    ...sketch,
    retries:
      retries === undefined
        ? undefined
        : {
            attempts: 2,
            on: ['unavailable', 'connect-failure', 'refused-stream'],
            backoffBaseMs: 25,
            backoffMaxMs: 250,
            perTryTimeoutMs: undefined,
            rescue: false,
            hedgeAfterMs: undefined,
            ...retries,
          },
  };
}
