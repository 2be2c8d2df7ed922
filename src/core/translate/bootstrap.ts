import type { NodeDescriptor } from '../ir/node.ts';
import { type SidecarTls, xdsTransportSocket } from './bootstrap-tls.ts';
import { OTLP_CLUSTER, RUNTIME_LAYER, XDS_CLUSTER } from './names.ts';
import { nodeMetadata } from './node-metadata.ts';
import { type StatusAddress, statusCluster, statusListener } from './status-listener.ts';

export interface BootstrapOptions {
  /** Unique among all sidecars: a node seen twice is one that reconnected. */
  readonly nodeId: string;
  readonly node: NodeDescriptor & { readonly kind: 'inbound' | 'outbound' };
  readonly zone?: string;
  /** Where the control plane serves xDS. */
  readonly xds: { readonly host: string; readonly port: number };
  /** TLS towards the control plane; undefined: plaintext. */
  readonly tls?: SidecarTls;
  readonly adminAddress: string;
  readonly adminPort: number;
  /** Where readiness and metrics are answered from outside; absent: only by the administration. */
  readonly status?: StatusAddress;
  /** Reports load to the control plane each second or so: the fast signal beside Prometheus. */
  readonly loadReports: boolean;
  /** Pushes statistics to the control plane each second, of which it reads the latencies; all of them are sent. */
  readonly pushLatencies?: boolean;
  /** The collector of traces, by OTLP over HTTP, for a node that is `traced`. */
  readonly otlp?: { readonly host: string; readonly port: number };
  /** Calls go out from this local address, for hosts that have several. */
  readonly sourceAddress?: string;
}

/**
 * Upper bounds in ms. Envoy's own (0.5, 1, 5, 10, 25, 50, 100, 250 …) tell a quantile to a factor of two and
 * more, too coarse for a gate on latency.
 */
const LATENCY_BUCKETS_MS = [
  0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 250, 300, 400, 500, 750, 1000,
  1500, 2500, 5000, 10_000,
];

/** New connections are refused beyond this, so that no caller can exhaust the sidecar's file descriptors. */
const MAX_DOWNSTREAM_CONNECTIONS = 50_000;

/**
 * The Envoy bootstrap of a sidecar, as a plain object in the form of Envoy's YAML. Everything else comes over
 * one delta stream. Fields are those that the oldest supported Envoy knows: it refuses unknown ones here.
 */
export function bootstrap(options: BootstrapOptions): Readonly<Record<string, unknown>> {
  return {
    node: {
      id: options.nodeId,
      cluster: 'penstock',
      ...(options.zone === undefined ? {} : { locality: { zone: options.zone } }),
      metadata: nodeMetadata(options.node),
    },
    admin: { address: socketAddress(options.adminAddress, options.adminPort) },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [xdsService()],
      },
      cds_config: { ads: {}, resource_api_version: 'V3' },
      lds_config: { ads: {}, resource_api_version: 'V3' },
    },
    cluster_manager: clusterManager(options),
    static_resources: staticResources(options),
    layered_runtime: {
      layers: [
        {
          name: RUNTIME_LAYER,
          rtds_layer: {
            name: RUNTIME_LAYER,
            rtds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '1s' },
          },
        },
        // What a person sets by the admin port rules.
        { name: 'admin', admin_layer: {} },
      ],
    },
    stats_flush_interval: '1s',
    ...(options.pushLatencies === true ? { stats_sinks: [metricsSink()] } : {}),
    stats_config: {
      histogram_bucket_settings: [{ match: { suffix: 'upstream_rq_time' }, buckets: LATENCY_BUCKETS_MS }],
    },
    overload_manager: {
      resource_monitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
            max_active_downstream_connections: MAX_DOWNSTREAM_CONNECTIONS,
          },
        },
      ],
    },
  };
}

function staticResources(options: BootstrapOptions) {
  const { status, adminAddress, adminPort, otlp } = options;
  const clusters = [xdsCluster(options), ...(otlp === undefined ? [] : [otlpCluster(otlp)])];
  if (status === undefined) return { clusters };
  return {
    listeners: [statusListener(status)],
    clusters: [...clusters, statusCluster(adminAddress, adminPort)],
  };
}

function clusterManager({ loadReports, sourceAddress }: BootstrapOptions) {
  return {
    ...(loadReports
      ? {
          load_stats_config: {
            api_type: 'GRPC',
            transport_api_version: 'V3',
            grpc_services: [xdsService()],
          },
        }
      : {}),
    ...(sourceAddress === undefined
      ? {}
      : { upstream_bind_config: { source_address: { address: sourceAddress, port_value: 0 } } }),
  };
}

/** In messages that the control plane takes, whatever the number of clusters is. */
const METRICS_A_MESSAGE = 1_000;

function metricsSink() {
  return {
    name: 'envoy.stat_sinks.metrics_service',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig',
      transport_api_version: 'V3',
      grpc_service: xdsService(),
      // A version called v1.external cannot be told apart in a name with everything in it.
      emit_tags_as_labels: true,
      histogram_emit_mode: 'HISTOGRAM',
      batch_size: METRICS_A_MESSAGE,
    },
  };
}

/** Comes back soon after an outage: Envoy's own backoff grows to 30 s. */
export function xdsService(cluster: string = XDS_CLUSTER) {
  return {
    envoy_grpc: {
      cluster_name: cluster,
      retry_policy: { retry_back_off: { base_interval: '0.25s', max_interval: '3s' } },
    },
  };
}

/** The control plane as a static cluster. */
export function xdsCluster({ xds: { host, port }, tls }: Pick<BootstrapOptions, 'xds' | 'tls'>) {
  return {
    name: XDS_CLUSTER,
    connect_timeout: '2s',
    ...(tls && { transport_socket: xdsTransportSocket(tls) }),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: {
          // Notices a control plane that is gone without a word.
          http2_protocol_options: { connection_keepalive: { interval: '30s', timeout: '10s' } },
        },
      },
    },
    ...endpointOf(XDS_CLUSTER, host, port),
  };
}

function otlpCluster({ host, port }: NonNullable<BootstrapOptions['otlp']>) {
  return { name: OTLP_CLUSTER, connect_timeout: '1s', ...endpointOf(OTLP_CLUSTER, host, port) };
}

/** The one endpoint of a static cluster. */
function endpointOf(cluster: string, host: string, port: number) {
  return {
    type: isIpAddress(host) ? 'STATIC' : 'STRICT_DNS',
    load_assignment: {
      cluster_name: cluster,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(host, port) } }] }],
    },
  };
}

function socketAddress(address: string, port: number) {
  return { socket_address: { address, port_value: port } };
}

function isIpAddress(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.includes(':');
}
