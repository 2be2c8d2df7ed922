/** What a person writes by hand for a pool; all by default as Envoy has it. */
export interface HandWritten {
  readonly name: string;
  /**
   * `defaults`: outlier detection as Envoy has it when it is switched on. `tuned`: what a person who knows its traps
   * writes for a small pool. `all`: the same, and every host may be out, so that the fallback takes over.
   */
  readonly outlier?: 'defaults' | 'tuned' | 'all';
  /** Port of a gRPC server that answers when no host of the pool is left (an aggregate cluster). */
  readonly fallbackPort?: number;
  /** More requests at a time are refused. */
  readonly maxRequests?: number;
  readonly limit?: HandWrittenLimit;
}

/** A local rate limit: one bucket, or one for each client address. */
export interface HandWrittenLimit {
  readonly requestsPerSecond: number;
  readonly burst: number;
  /** For each client address; `maxClients` is Envoy's default of 20 unless given. */
  readonly perClient?: { readonly maxClients?: number };
}

const TUNED = {
  consecutive_5xx: 3,
  interval: '1s',
  base_ejection_time: '30s',
  max_ejection_percent: 50,
  always_eject_one_host: true,
  enforcing_success_rate: 0,
  failure_percentage_threshold: 20,
  enforcing_failure_percentage: 100,
  failure_percentage_minimum_hosts: 1,
  failure_percentage_request_volume: 5,
};
const OUTLIER_DETECTION = {
  defaults: {},
  tuned: TUNED,
  all: { ...TUNED, base_ejection_time: '5s', max_ejection_percent: 100 },
};

const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`;
const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

/** The bootstrap of an Envoy with one listener and one pool of gRPC servers on loopback. */
export function staticEnvoy(listenerPort: number, ports: readonly number[], by: HandWritten): object {
  const filters = by.limit === undefined ? [] : [localRateLimit(by.limit)];
  const cluster = by.fallbackPort === undefined ? 'pool' : 'pool-or-fallback';
  const manager = {
    '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'outbound',
    use_remote_address: true,
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster, timeout: '120s' } }],
        },
      ],
    },
    http_filters: [
      ...filters,
      { name: 'router', typed_config: { '@type': type('filters.http.router.v3.Router') } },
    ],
  };
  const listener = {
    name: 'outbound',
    address: address(listenerPort),
    filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
  };
  const { fallbackPort } = by;
  const fallback =
    fallbackPort === undefined ? [] : [pool('fallback', [fallbackPort], { name: 'fallback' }), aggregate];
  return {
    admin: { address: address(0) },
    static_resources: { listeners: [listener], clusters: [pool('pool', ports, by), ...fallback] },
  };
}

const aggregate = {
  name: 'pool-or-fallback',
  connect_timeout: '1s',
  lb_policy: 'CLUSTER_PROVIDED',
  cluster_type: {
    name: 'envoy.clusters.aggregate',
    typed_config: { '@type': type('clusters.aggregate.v3.ClusterConfig'), clusters: ['pool', 'fallback'] },
  },
};

function pool(
  name: string,
  ports: readonly number[],
  { outlier, maxRequests = 100_000 }: HandWritten,
): object {
  return {
    name,
    type: 'STATIC',
    lb_policy: 'LEAST_REQUEST',
    connect_timeout: '1s',
    ...(outlier === undefined ? {} : { outlier_detection: OUTLIER_DETECTION[outlier] }),
    // While hosts are out their traffic goes to the others, and not to all of them at random.
    ...(outlier === 'all' ? { common_lb_config: { healthy_panic_threshold: { value: 0 } } } : {}),
    circuit_breakers: {
      thresholds: [{ max_requests: maxRequests, max_pending_requests: 100_000, max_retries: 100 }],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: address(port) } })) }],
    },
  };
}

function localRateLimit({ requestsPerSecond, burst, perClient }: HandWrittenLimit): object {
  const bucket = { max_tokens: burst, tokens_per_fill: requestsPerSecond, fill_interval: '1s' };
  const all = { default_value: { numerator: 100, denominator: 'HUNDRED' } };
  const clients = {
    rate_limits: [{ actions: [{ remote_address: {} }] }],
    descriptors: [{ entries: [{ key: 'remote_address', value: '' }], token_bucket: bucket }],
    token_bucket: { max_tokens: 4_294_967_295, tokens_per_fill: 4_294_967_295, fill_interval: '1s' },
    always_consume_default_token_bucket: false,
    ...(perClient?.maxClients === undefined ? {} : { max_dynamic_descriptors: perClient.maxClients }),
  };
  return {
    name: 'limit',
    typed_config: {
      '@type': type('filters.http.local_ratelimit.v3.LocalRateLimit'),
      stat_prefix: 'limit',
      filter_enabled: all,
      filter_enforced: all,
      rate_limited_as_resource_exhausted: true,
      ...(perClient === undefined ? { token_bucket: bucket } : clients),
    },
  };
}
