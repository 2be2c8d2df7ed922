/** The bootstrap of an Envoy with one route to one version, its statistics on, and load reports. */
export function staticEnvoy(options: {
  readonly cluster: string;
  readonly modelPort: number;
  readonly loadReportPort: number;
}): unknown {
  const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`;
  const cluster = (name: string, port: number) => ({
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
    },
  });
  const statistics = {
    '@type': type('filters.http.grpc_stats.v3.FilterConfig'),
    stats_for_all_methods: true,
    enable_upstream_stats: true,
    replace_dots_in_grpc_service_name: true,
  };
  const manager = {
    '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'outbound',
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: options.cluster } }],
        },
      ],
    },
    http_filters: [
      { name: 'grpc_stats', typed_config: statistics },
      { name: 'router', typed_config: { '@type': type('filters.http.router.v3.Router') } },
    ],
  };
  const filters = [{ name: 'http', typed_config: manager }];
  return {
    node: { id: 'client', cluster: 'e2e' },
    admin: { address: address(0) },
    stats_flush_interval: '1s',
    cluster_manager: {
      load_stats_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
      },
    },
    static_resources: {
      listeners: [{ name: 'outbound', address: address(0), filter_chains: [{ filters }] }],
      clusters: [cluster(options.cluster, options.modelPort), cluster('xds', options.loadReportPort)],
    },
  };
}
