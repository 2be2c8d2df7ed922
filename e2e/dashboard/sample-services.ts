import type {
  BreakerStatus,
  LimitStatus,
  ServiceStatus,
  SidecarStatus,
} from '../../src/core/status/status.ts';

const NACK =
  'Error adding/updating listener(s) outbound: Proto constraint validation failed (RouteConfigurationValidationError.VirtualHosts[0]: embedded message failed validation)';

/** A service whose numbers move with `now`; `weight` is what fraud's candidate has. */
export function sampleService(name: string, index: number, weight: number, now: number): ServiceStatus {
  const share =
    name === 'fraud' ? weight : name === 'ranker' || name === 'embeddings' ? 0 : (index % 5) * 1_000;
  const [stable, candidate] = name === 'ranker' ? ['v8', 'v9'] : ['v1', 'v2'];
  const total =
    (400 / (1 + index * 0.3)) *
    (1 + 0.08 * Math.sin(now / 9_000 + index) + 0.03 * Math.sin(now / 1_700 + 2 * index));
  const version = (versionName: string, weight: number, port: number, slower: number) => ({
    name: versionName,
    weight,
    requestsPerSecond: weight === 0 ? 0 : (total * weight) / 10_000,
    errorPercent: weight === 0 ? undefined : Math.abs(0.12 + 0.1 * Math.sin(now / 5_000 + index)),
    latencyMs:
      weight === 0
        ? undefined
        : { p50: 8.2 * slower, p95: 21.5 * slower + Math.sin(now / 3_000), p99: 47.8 * slower },
    endpoints: [1, 2, 3].map((instance) => ({
      address: `127.0.0.1:${port + instance}`,
      weight: name === 'fraud' && versionName === 'v1' && instance === 3 ? 0.4 : 1,
      state:
        name === 'fraud' && versionName === 'v1' && instance === 3
          ? ('derated' as const)
          : ('serving' as const),
      requestsPerSecond: weight === 0 ? 0 : (total * weight) / 30_000,
      errorPercent: weight === 0 ? undefined : 0.1,
      inFlight: weight === 0 ? 0 : 3 + instance,
    })),
    demand: undefined,
  });
  return {
    namespace: 'default',
    name,
    hosts: [`${name}.default.svc.cluster.local`],
    port: 9_000,
    versions: [
      version(stable ?? 'v1', 10_000 - share, 9_100, 1),
      version(candidate ?? 'v2', share, 9_200, 1.04),
    ],
    rollout: name === 'fraud' ? 'fraud-v2' : name === 'ranker' ? 'ranker-v9' : undefined,
    breaker: name === 'embeddings' ? 'HALF_OPEN' : name === 'fraud' ? 'CLOSED' : undefined,
    spec: 'ok',
  };
}

/** The sidecar number `i`; number 7 refused its routes. */
export function sampleSidecar(i: number, startedAt: number, now: number): SidecarStatus {
  const converged = i !== 7;
  const types = ['Listener', 'RouteConfiguration', 'Cluster', 'ClusterLoadAssignment'];
  return {
    id: i < 8 ? `web-${i}` : `fraud-v1-${i}`,
    role: i < 8 ? 'outbound' : 'inbound default/fraud/v1',
    address: `127.0.0.1:${41_000 + i}`,
    connectedAt: startedAt + i * 1_000,
    protocol: i === 2 ? 'sotw' : 'delta',
    converged,
    lagMs: converged ? 0 : 8_200,
    lastAckAt: now - 12_000,
    types: types.map((type) => ({
      type,
      resources: 3,
      acknowledged: converged || type !== 'RouteConfiguration',
    })),
    rejections: converged ? [] : [{ type: 'RouteConfiguration', at: now - 8_200, message: NACK }],
    loadReportAt: i < 8 ? now - 300 : undefined,
  };
}

/** One breaker that is closed, one half open. */
export function sampleBreakers(startedAt: number): readonly BreakerStatus[] {
  const breaker = (service: string, rest: Partial<BreakerStatus>): BreakerStatus => ({
    namespace: 'default',
    service,
    version: undefined,
    phase: 'CLOSED',
    since: startedAt,
    admitted: 10_000,
    message: '',
    requests: 1_830,
    failures: 4,
    errorPercent: 0.2,
    fallback: 'fraud-lite',
    trips: 0,
    ...rest,
  });
  return [
    breaker('fraud', {}),
    breaker('embeddings', {
      phase: 'HALF_OPEN',
      since: startedAt + 3_500_000,
      admitted: 500,
      message: '5 % of the calls try the versions; 14 of 20 are in, none failed',
      requests: 14,
      failures: 0,
      errorPercent: 0,
      fallback: 'cached for 10m',
      trips: 1,
    }),
  ];
}

/** One limit that refuses, one that only counts. */
export function sampleLimits(): readonly LimitStatus[] {
  const limit = { namespace: 'default', service: 'fraud', shadow: false };
  return [
    {
      ...limit,
      name: 'per-client',
      per: 'source address',
      requestsPerSecond: 100,
      burst: 200,
      admittedPerSecond: 412.4,
      refusedPerSecond: 37.1,
    },
    {
      ...limit,
      name: 'tenants',
      per: 'x-tenant',
      requestsPerSecond: 50,
      burst: 50,
      shadow: true,
      admittedPerSecond: undefined,
      refusedPerSecond: undefined,
    },
  ];
}
