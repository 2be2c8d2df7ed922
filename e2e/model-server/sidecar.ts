import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findTool } from '../../src/app/toolchain.ts';
import { temporaryFolder, until } from '../../src/model-server/testdata/started-server.ts';
import { stopChild } from './peers.ts';

/** An Envoy in front of model servers. */
export interface Sidecar extends AsyncDisposable {
  readonly port: number;
  /** GET on the admin interface. */
  admin(path: string): Promise<string>;
}

/** How often the sidecar asks for the servers' health. */
export const HEALTH_INTERVAL_MS = 200;

const socket = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

/**
 * Starts an Envoy that spreads gRPC calls over the servers that are healthy by `grpc.health.v1`. No call is retried.
 * With a collector's port, it samples every call and sends its spans there (OTLP over HTTP).
 */
export async function startSidecar(
  serverPorts: readonly number[],
  listenPort: number,
  collectorPort?: number,
): Promise<Sidecar> {
  const folder = await temporaryFolder();
  const config = join(folder.path, 'envoy.json');
  const adminFile = join(folder.path, 'admin');
  await writeFile(config, JSON.stringify(bootstrap(serverPorts, listenPort, collectorPort)));
  const options = [
    '-c',
    config,
    '--admin-address-path',
    adminFile,
    '--use-dynamic-base-id',
    '--concurrency',
    '1',
  ];
  const child = spawn(findTool('envoy').path, [...options, '-l', 'off'], { stdio: 'ignore' });
  await until(async () => (await readFile(adminFile, 'utf8').catch(() => '')) !== '', 20_000);
  const address = await readFile(adminFile, 'utf8');
  return {
    port: listenPort,
    admin: async (path) => (await fetch(`http://${address}${path}`)).text(),
    async [Symbol.asyncDispose]() {
      await stopChild(child);
      await folder[Symbol.asyncDispose]();
    },
  };
}

function bootstrap(serverPorts: readonly number[], listenPort: number, collectorPort?: number): unknown {
  const http2 = {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  };
  const cluster = {
    name: 'models',
    type: 'STATIC',
    connect_timeout: '1s',
    lb_policy: 'LEAST_REQUEST',
    // Without this, a change of health within a second of another waits for that second's end.
    common_lb_config: { healthy_panic_threshold: { value: 0 }, update_merge_window: '0s' },
    typed_extension_protocol_options: http2,
    health_checks: [
      {
        timeout: '3s',
        interval: `${HEALTH_INTERVAL_MS / 1_000}s`,
        no_traffic_interval: `${HEALTH_INTERVAL_MS / 1_000}s`,
        unhealthy_interval: `${HEALTH_INTERVAL_MS / 1_000}s`,
        unhealthy_threshold: 1,
        healthy_threshold: 1,
        grpc_health_check: {},
      },
    ],
    outlier_detection: { detect_degraded_hosts: true },
    load_assignment: {
      cluster_name: 'models',
      // One healthy server of two is enough for all calls: a degraded one gets none.
      policy: { overprovisioning_factor: 200 },
      endpoints: [{ lb_endpoints: serverPorts.map((port) => ({ endpoint: { address: socket(port) } })) }],
    },
  };
  const manager = {
    '@type':
      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'models',
    codec_type: 'HTTP2',
    ...(collectorPort !== undefined && { tracing: tracingTo(collectorPort) }),
    route_config: {
      virtual_hosts: [
        {
          name: 'models',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'models', timeout: '30s' } }],
        },
      ],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  return {
    admin: { address: socket(0) },
    static_resources: {
      listeners: [
        {
          name: 'models',
          address: socket(listenPort),
          filter_chains: [
            { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
          ],
        },
      ],
      clusters: [cluster, ...(collectorPort === undefined ? [] : [collectorAt(collectorPort)])],
    },
  };
}

function tracingTo(collectorPort: number): unknown {
  return {
    provider: {
      name: 'envoy.tracers.opentelemetry',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig',
        service_name: 'sidecar',
        http_service: {
          http_uri: {
            uri: `http://127.0.0.1:${collectorPort}/v1/traces`,
            cluster: 'collector',
            timeout: '1s',
          },
        },
      },
    },
  };
}

function collectorAt(port: number): unknown {
  const endpoint = { address: socket(port) };
  return {
    name: 'collector',
    type: 'STATIC',
    load_assignment: { cluster_name: 'collector', endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  };
}
