const CLUSTER = 'penstock_admin';

/** What of a sidecar's administration may be asked for from outside of its pod, and where it is found there. */
const PATHS: Readonly<Record<string, string>> = {
  '/ready': '/ready',
  // Answered by the main thread, through a worker: both live.
  '/live': '/server_info',
  '/stats/prometheus': '/stats/prometheus',
};

export interface StatusAddress {
  readonly address: string;
  readonly port: number;
}

/** A listener for probes and scrapes; the rest of Envoy's administration, which can end it, stays on loopback. */
export function statusListener({ address, port }: StatusAddress): object {
  return {
    name: 'penstock_status',
    address: { socket_address: { address, port_value: port } },
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: 'status',
              route_config: {
                name: 'status',
                virtual_hosts: [{ name: 'status', domains: ['*'], routes: routes() }],
              },
              http_filters: [
                {
                  name: 'envoy.filters.http.router',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                  },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

function routes(): readonly object[] {
  return Object.entries(PATHS).map(([path, target]) => ({
    match: { path, headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
    route: { cluster: CLUSTER, prefix_rewrite: target },
  }));
}

/** Envoy's own administration, as the status listener reaches it. */
export function statusCluster(adminAddress: string, adminPort: number): object {
  const address = { socket_address: { address: adminAddress, port_value: adminPort } };
  return {
    name: CLUSTER,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: CLUSTER, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}
