import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../translate/mesh.ts';

export interface SidecarOptions {
  /** What istiod takes it for; a sidecar unless given. */
  readonly kind?: 'sidecar' | 'router';
  readonly envoy: string;
  readonly istiodPort: number;
  /** The pod's address; istiod takes the labels of an endpoint with the same one. */
  readonly address: string;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What Istio's agent merges into the bootstrap: the file of the ConfigMap; undefined: nothing. */
  readonly override: string | undefined;
}

/** How cluster names are told apart in Istio's own bootstrap. */
const CLUSTER_TAG = { tag_name: 'cluster_name', regex: '^cluster(\\.(.+);)' };

/** A real Envoy with the bootstrap of Istio's sidecars, as far as istiod and statistics are concerned. */
export class IstioSidecar {
  readonly options: SidecarOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'penstock-istio-sidecar-'));
  #process: ChildProcess | undefined;
  #admin = '';
  #log = '';

  constructor(options: SidecarOptions) {
    this.options = options;
  }

  /**
   * Starts it and waits until it is ready.
   * @returns how long it took to be ready, ms
   */
  async start(): Promise<number> {
    const adminFile = join(this.#folder, 'admin');
    rmSync(adminFile, { force: true });
    const config = join(this.#folder, 'bootstrap.json');
    writeFileSync(config, JSON.stringify(istioBootstrap(this.options)));
    const { override } = this.options;
    const startedAt = performance.now();
    const child = spawn(
      this.options.envoy,
      [
        ...['-c', config, '--admin-address-path', adminFile, '--use-dynamic-base-id'],
        ...['--concurrency', '1', '-l', 'warn'],
        ...(override === undefined ? [] : ['--config-yaml', override]),
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#process = child;
    child.stderr.on('data', (chunk) => {
      this.#log = (this.#log + chunk).slice(-20_000);
    });
    await until('the sidecar is ready', async () => {
      if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}:\n${this.#log}`);
      this.#admin = readIfThere(adminFile);
      return this.#admin !== '' && (await this.admin('/ready').catch(() => '')).startsWith('LIVE');
    });
    return performance.now() - startedAt;
  }

  /** GET on the administration. */
  async admin(path: string): Promise<string> {
    return (await fetch(`http://${this.#admin}${path}`)).text();
  }

  /** The values of its runtime, as they are in force. */
  async runtime(): Promise<Readonly<Record<string, string>>> {
    const { entries } = JSON.parse(await this.admin('/runtime')) as {
      readonly entries: Readonly<Record<string, { readonly final_value: string }>>;
    };
    return Object.fromEntries(Object.entries(entries).map(([key, { final_value }]) => [key, final_value]));
  }

  get log(): string {
    return this.#log;
  }

  /** Ends it at once, as a pod that is deleted. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function istioBootstrap({
  kind = 'sidecar',
  istiodPort,
  address,
  name,
  namespace,
  labels,
}: SidecarOptions): object {
  const ads = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
  return {
    node: {
      id: `${kind}~${address}~${name}.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `${name}.${namespace}`,
      metadata: {
        ISTIO_VERSION: '1.31.0',
        NAMESPACE: namespace,
        CLUSTER_ID: 'Kubernetes',
        LABELS: labels,
        INTERCEPTION_MODE: 'NONE',
      },
    },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    bootstrap_extensions: [
      {
        name: 'envoy.bootstrap.internal_listener',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener',
        },
      },
    ],
    stats_config: { use_all_default_tags: false, stats_tags: [CLUSTER_TAG] },
    layered_runtime: {
      layers: [
        { name: 'global config', static_layer: {} },
        { name: 'admin', admin_layer: {} },
      ],
    },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
      },
      lds_config: ads,
      cds_config: ads,
    },
    static_resources: { clusters: [istiodCluster(istiodPort)] },
  };
}

function istiodCluster(port: number): object {
  return {
    name: 'xds-grpc',
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: 'xds-grpc',
      endpoints: [
        {
          lb_endpoints: [
            { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } },
          ],
        },
      ],
    },
  };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
