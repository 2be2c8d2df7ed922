import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheRoot, findTool } from '../../src/app/toolchain.ts';

/** A running Envoy that follows an xDS server. */
export interface RunningEnvoy {
  /** GET on the admin interface. */
  admin(path: string): Promise<string>;
  /**
   * Waits until it serves its first listener, and tells that one's port. Being listed is not enough: Envoy
   * lists a listener that still waits for its routes, and refuses connections until it has them.
   */
  listeningPort(): Promise<number>;
  stop(): Promise<void>;
}

export interface EnvoyOptions {
  readonly nodeId: string;
  readonly xdsPort: number;
  readonly protocol: 'delta' | 'sotw';
  /** One aggregated stream for all types, which is the default, or one for each. */
  readonly streams?: 'aggregated' | 'separate';
  /** A layer of runtime values that it asks for. */
  readonly runtimeLayer?: string;
  readonly metadata?: Record<string, unknown>;
  /** The one whose API proto/ describes, or the oldest that is supported. */
  readonly release?: Release;
}

export type Release = 'newest' | 'oldest';

const TOOLS = join(import.meta.dirname, '../../tools');

/** The executable of a release; the oldest is fetched where it is not there. */
function executableOf(release: Release): string {
  if (release === 'newest') return findTool('envoy').path;
  execFileSync(join(TOOLS, 'setup.sh'), ['envoy-oldest'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const pins = readFileSync(join(TOOLS, 'versions.env'), 'utf8');
  const version = /^ENVOY_OLDEST_VERSION=(.+)$/m.exec(pins)?.[1];
  return join(cacheRoot(), `envoy-${version}`, 'bin', 'envoy');
}

/** Starts the real Envoy on ports of the system's choice and waits for its admin interface. */
export async function startEnvoy(options: EnvoyOptions): Promise<RunningEnvoy> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-envoy-'));
  const config = join(folder, 'bootstrap.json');
  const adminFile = join(folder, 'admin');
  writeFileSync(config, JSON.stringify(bootstrap(options)));
  const args = [
    '-c',
    config,
    '--admin-address-path',
    adminFile,
    '--use-dynamic-base-id',
    '--concurrency',
    '1',
    '-l',
    'warn',
  ];
  const child = spawn(executableOf(options.release ?? 'newest'), args, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-20_000);
  });
  const address = await waitFor(() => {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}:\n${log}`);
    return tryRead(adminFile);
  });
  const admin = async (path: string): Promise<Response> => fetch(`http://${address}${path}`);
  return {
    admin: async (path) => (await admin(path)).text(),
    listeningPort: async () => {
      await waitFor(async () => (await admin('/ready')).ok || undefined);
      const { listener_statuses } = JSON.parse(await (await admin('/listeners?format=json')).text());
      return listener_statuses[0].local_address.socket_address.port_value;
    },
    stop: async () => {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Polls until it gets something. */
export async function waitFor<T>(
  look: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8') || undefined;
  } catch {
    return undefined;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
}

/** Where an Envoy of this kind finds its resources, in the form of its JSON. */
export function configSource({ protocol, streams }: Pick<EnvoyOptions, 'protocol' | 'streams'>) {
  if (streams !== 'separate') return { resource_api_version: 'V3', ads: {} };
  const api_config_source = {
    api_type: protocol === 'delta' ? 'DELTA_GRPC' : 'GRPC',
    transport_api_version: 'V3',
    grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
  };
  return { resource_api_version: 'V3', api_config_source };
}

function bootstrap(options: EnvoyOptions): unknown {
  const { nodeId, xdsPort, protocol, metadata, runtimeLayer: name } = options;
  const grpc_services = [{ envoy_grpc: { cluster_name: 'xds' } }];
  const source = configSource(options);
  return {
    ...(name && { layered_runtime: { layers: [{ name, rtds_layer: { name, rtds_config: source } }] } }),
    node: { id: nodeId, cluster: 'e2e', metadata },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      ...(options.streams !== 'separate' && {
        ads_config: {
          api_type: protocol === 'delta' ? 'DELTA_GRPC' : 'GRPC',
          transport_api_version: 'V3',
          set_node_on_first_message_only: true,
          grpc_services,
        },
      }),
      cds_config: source,
      lds_config: source,
    },
    stats_flush_interval: '1s',
    stats_sinks: [
      {
        name: 'envoy.stat_sinks.metrics_service',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig',
          transport_api_version: 'V3',
          grpc_service: grpc_services[0],
          emit_tags_as_labels: true,
          histogram_emit_mode: 'HISTOGRAM',
        },
      },
    ],
    cluster_manager: { load_stats_config: { api_type: 'GRPC', transport_api_version: 'V3', grpc_services } },
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [
              {
                lb_endpoints: [
                  {
                    endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: xdsPort } } },
                  },
                ],
              },
            ],
          },
        },
      ],
    },
  };
}
