/** What a hand-written Envoy does about bad endpoints. */
export type Tuning = 'plain' | 'defaults' | 'tuned';

/**
 * `plain`: least request and nothing else. `defaults`: outlier detection as Envoy has it when it is switched on.
 * `tuned`: what a person who knows its traps writes for a small pool.
 */
const OUTLIER_DETECTION: Readonly<Record<Tuning, object | undefined>> = {
  plain: undefined,
  defaults: {},
  tuned: {
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
  },
};

/** The bootstrap of an Envoy with one listener and one pool of gRPC servers on loopback. */
export function staticEnvoy(listenerPort: number, ports: readonly number[], tuning: Tuning): object {
  const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`;
  const outlier = OUTLIER_DETECTION[tuning];
  const manager = {
    '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'outbound',
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'pool', timeout: '30s' } }],
        },
      ],
    },
    http_filters: [{ name: 'router', typed_config: { '@type': type('filters.http.router.v3.Router') } }],
  };
  return {
    admin: { address: address(0) },
    static_resources: {
      listeners: [
        {
          name: 'outbound',
          address: address(listenerPort),
          filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
        },
      ],
      clusters: [
        {
          name: 'pool',
          type: 'STATIC',
          lb_policy: 'LEAST_REQUEST',
          connect_timeout: '1s',
          ...(outlier === undefined ? {} : { outlier_detection: outlier }),
          circuit_breakers: {
            thresholds: [{ max_requests: 100_000, max_pending_requests: 100_000, max_retries: 100 }],
          },
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': type('upstreams.http.v3.HttpProtocolOptions'),
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'pool',
            endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: address(port) } })) }],
          },
        },
      ],
    },
  };
}
