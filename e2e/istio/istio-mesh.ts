import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot, findTool } from '../../src/app/toolchain.ts';
import { TOTAL_WEIGHT } from '../../src/core/ir/ir.ts';
import type { IstioObject } from '../../src/core/translate/istio/istio-object.ts';
import { RUNTIME_TOTAL } from '../../src/core/translate/istio/runtime-weights.ts';
import { Penstock } from '../rollout/penstock.ts';
import { Caller } from '../translate/caller.ts';
import { freePort, until } from '../translate/mesh.ts';
import { type StandIn, startStandIn } from '../translate/model-server.ts';
import { IstioSidecar } from './istio-sidecar.ts';
import { Istiod } from './istiod-process.ts';

export const HOST = 'fraud.ml.svc.cluster.local';
const XDS_HOST = 'penstock.penstock-system.svc.cluster.local';
const CLIENT_ADDRESS = '127.0.0.50';
const MAIN = fileURLToPath(new URL('../../cmd/penstock/main.ts', import.meta.url));
const TOOLS = join(import.meta.dirname, '../../tools');

export interface MeshOptions {
  /** The Envoy that stands for istio-proxy. */
  readonly envoy?: 'newest' | 'oldest';
  readonly transport?: 'static' | 'istio';
  /** Specs beside the ModelService. */
  readonly specs?: string;
  /** Lines of the ModelService's spec. */
  readonly serviceSpec?: string;
  /** Of `penstock serve`. */
  readonly serve?: readonly string[];
  /** Whether the client's pod was not restarted with the annotation. */
  readonly notRestarted?: boolean;
  /** The versions that the anchor is made for; all unless given. */
  readonly anchored?: readonly string[];
  /** Whether there is an ingress gateway that leads the service's host into the mesh. */
  readonly gateway?: boolean;
  /** Whether the model server of v1 has a sidecar of Istio's, which enforces limits. */
  readonly inbound?: boolean;
}

/** Two versions of a model behind one name of Istio's mesh: real istiod, real Penstock, a real Envoy beside the client. */
export class IstioMesh {
  readonly models: readonly [StandIn, StandIn];
  readonly istiod: Istiod;
  readonly penstock: Penstock;
  readonly client: IstioSidecar;
  readonly port: number;
  readonly specs: string;
  readonly anchor: readonly IstioObject[];
  readonly inbound: IstioSidecar | undefined;
  readonly gateway: IstioSidecar | undefined;
  readonly gatewayPort: number;
  #caller: Caller | undefined;

  private constructor(
    parts: Pick<
      IstioMesh,
      | 'models'
      | 'istiod'
      | 'penstock'
      | 'client'
      | 'port'
      | 'specs'
      | 'anchor'
      | 'inbound'
      | 'gateway'
      | 'gatewayPort'
    >,
  ) {
    this.models = parts.models;
    this.istiod = parts.istiod;
    this.penstock = parts.penstock;
    this.client = parts.client;
    this.port = parts.port;
    this.specs = parts.specs;
    this.anchor = parts.anchor;
    this.inbound = parts.inbound;
    this.gateway = parts.gateway;
    this.gatewayPort = parts.gatewayPort;
  }

  /** Starts everything, applies what `penstock anchor` prints, and waits until calls reach the models. */
  static async start(options: MeshOptions = {}): Promise<IstioMesh> {
    const models = [await startStandIn('v1'), await startStandIn('v2')] as const;
    const port = await freePort();
    const podPort = await freePort();
    const gatewayPort = options.gateway ? await freePort() : 0;
    const specs = serviceSpec(port, podPort, options) + (options.specs ?? '');
    const penstock = await Penstock.start(specs, '--load-report-interval', '500ms', ...(options.serve ?? []));
    const anchor = anchorOf(specs, options, penstock.xdsPort, gatewayPort);
    const anchored = serviceSpec(port, podPort, options, options.anchored);
    const first = options.anchored === undefined ? anchor : anchorOf(anchored, options, penstock.xdsPort);
    const objects = meshObjects({
      models,
      port,
      podPort,
      xdsPort: penstock.xdsPort,
      inbound: options.inbound,
    });
    if (options.gateway) objects.push(...gatewayObjects(port, gatewayPort));
    const istiod = await Istiod.start(objects, { [ANCHOR_FILE]: istioObjects(first) });
    const envoy = envoyPath(options.envoy ?? 'newest');
    const shared = { envoy, istiodPort: istiod.port, namespace: 'ml', override: overrideIn(anchor) };
    const client = new IstioSidecar({
      ...shared,
      ...(options.notRestarted ? { override: undefined } : {}),
      address: CLIENT_ADDRESS,
      name: 'client',
      labels: { app: 'client' },
    });
    const inbound = options.inbound
      ? new IstioSidecar({ ...shared, address: POD_ADDRESS, name: 'fraud-v1', labels: labels('v1') })
      : undefined;
    const gateway = options.gateway
      ? new IstioSidecar({ ...shared, ...GATEWAY, name: 'gateway', kind: 'router' })
      : undefined;
    await Promise.all([inbound?.start(), gateway?.start(), client.start()]);
    const parts = { models, istiod, penstock, client, port, specs, anchor, inbound, gateway, gatewayPort };
    const mesh = new IstioMesh(parts);
    await mesh.reconnect();
    return mesh;
  }

  /** An application beside the client's sidecar. */
  get caller(): Caller {
    if (this.#caller === undefined) throw new Error('not connected');
    return this.#caller;
  }

  /** Who calls from without the mesh. */
  outsider(): Caller {
    return new Caller(this.gatewayPort, '127.0.0.1', GATEWAY.address);
  }

  /** Connects the application anew, once its sidecar leads to the models. */
  async reconnect(): Promise<void> {
    await until('the sidecar leads to the models', async () => {
      this.#caller?.close();
      this.#caller = new Caller(this.port, '127.0.0.1', CLIENT_ADDRESS);
      const answer = await this.#caller.call(HOST, {}, 1000);
      return answer.status === 0 && answer.version !== undefined;
    });
  }

  /**
   * Starts the client's sidecar without anything of Penstock's and ends it again.
   * @returns how long it took to be ready, ms
   */
  async startWithoutPenstock(): Promise<number> {
    const plain = new IstioSidecar({ ...this.client.options, override: undefined });
    const tookMs = await plain.start();
    await plain.stop();
    return tookMs;
  }

  /** The share of the next calls that a version answers, in percent. */
  async shareOf(version: string, calls = 1000): Promise<number> {
    const answers = await this.caller.calls(calls, HOST, (index) => ({ 'x-user-id': `u${index}` }));
    return (100 * answers.filter((answer) => answer.version === version).length) / calls;
  }

  /** Has istiod take the anchor of all versions, or another one. */
  applyAnchor(anchor: readonly IstioObject[] = this.anchor): void {
    this.istiod.apply(istioObjects(anchor), ANCHOR_FILE);
  }

  /** What the client's sidecar is told for a version, of `RUNTIME_TOTAL`. */
  async told(version: string): Promise<number> {
    return Number((await this.client.runtime())[`penstock.outbound|${this.port}|${version}|${HOST}`]);
  }

  /** Waits until the client's sidecar splits by this weight of v2, in hundredths of a percent. */
  async weightIs(weight: number): Promise<void> {
    await until(`the sidecar has the weight ${weight}`, async () => {
      return Math.round(((await this.told('v2')) / RUNTIME_TOTAL) * TOTAL_WEIGHT) === weight;
    });
  }

  async stop(): Promise<void> {
    this.#caller?.close();
    await this.client.stop();
    await this.inbound?.stop();
    await this.gateway?.stop();
    await this.istiod.stop();
    await this.penstock.stop();
    for (const model of this.models) await model.stop();
  }
}

/** The file from which istiod takes the anchor. */
const ANCHOR_FILE = 'anchor.yaml';

/** Those that are istiod's. */
function istioObjects(anchor: readonly IstioObject[]): readonly IstioObject[] {
  return anchor.filter(({ kind }) => kind !== 'ConfigMap');
}

const GATEWAY = {
  address: '127.0.0.70',
  namespace: 'ingress',
  labels: { istio: 'ingressgateway' },
} as const;

/** Calls to the service's host come in here, and are led to the service as a whole. */
function gatewayObjects(port: number, gatewayPort: number): readonly object[] {
  return [
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name: 'public', namespace: GATEWAY.namespace },
      spec: {
        selector: GATEWAY.labels,
        servers: [
          {
            port: { number: gatewayPort, protocol: 'GRPC', name: 'grpc' },
            bind: GATEWAY.address,
            hosts: ['*'],
          },
        ],
      },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'public', namespace: 'ml' },
      spec: {
        hosts: [HOST],
        gateways: [`${GATEWAY.namespace}/public`],
        http: [{ route: [{ destination: { host: HOST, port: { number: port } } }] }],
      },
    },
  ];
}

const POD_ADDRESS = '127.0.0.61';

function labels(version: string): Readonly<Record<string, string>> {
  return { app: 'fraud', version };
}

function serviceSpec(
  port: number,
  podPort: number,
  { serviceSpec = '' }: MeshOptions,
  versions: readonly string[] = ['v1', 'v2'],
): string {
  const pods = (version: string) =>
    `{name: ${version}, endpoints: {kubernetes: {selector: {app: fraud, version: ${version}}, port: ${podPort}}}}`;
  return `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud, namespace: ml}
spec:
  port: ${port}
  versions:
${versions.map((version) => `  - ${pods(version)}`).join('\n')}
${serviceSpec}
`;
}

/** What `penstock anchor` prints for these specs. */
function anchorOf(
  specs: string,
  { transport = 'static' }: MeshOptions,
  xdsPort: number,
  gatewayPort = 0,
): readonly IstioObject[] {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-anchor-'));
  const file = join(folder, 'specs.yaml');
  writeFileSync(file, specs);
  const xds = transport === 'static' ? `127.0.0.1:${xdsPort}` : `${XDS_HOST}:${xdsPort}`;
  const args = [MAIN, 'anchor', '-f', file, '--transport', transport, '--xds', xds, '-o', 'json'];
  if (gatewayPort > 0) args.push('--gateway', `${GATEWAY.namespace}/istio=ingressgateway:${gatewayPort}`);
  const printed = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  rmSync(folder, { recursive: true });
  return (JSON.parse(printed) as { readonly items: readonly IstioObject[] }).items;
}

function overrideIn(anchor: readonly IstioObject[]): string | undefined {
  const { data } = (anchor.find(({ kind }) => kind === 'ConfigMap') ?? {}) as {
    readonly data?: Readonly<Record<string, string>>;
  };
  return data?.['custom_bootstrap.json'];
}

function envoyPath(release: 'newest' | 'oldest'): string {
  if (release === 'newest') return findTool('envoy').path;
  const pins = readFileSync(join(TOOLS, 'versions.env'), 'utf8');
  const version = /^ENVOY_OLDEST_VERSION=(.+)$/m.exec(pins)?.[1];
  return join(cacheRoot(), `envoy-${version}`, 'bin', 'envoy');
}

/** Certificates come from Istio's agent, which is not here. */
const PLAIN_TEXT = {
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'default', namespace: 'ml' },
  spec: { mtls: { mode: 'DISABLE' } },
};

interface MeshParts {
  readonly models: readonly [StandIn, StandIn];
  readonly port: number;
  readonly podPort: number;
  readonly xdsPort: number;
  readonly inbound: boolean | undefined;
}

/** What Kubernetes would tell istiod: the services, and where sidecars listen. */
function meshObjects({ models, port, podPort, xdsPort, inbound }: MeshParts): object[] {
  const [v1, v2] = models;
  const first = inbound ? { address: POD_ADDRESS, port: podPort } : { address: '127.0.0.1', port: v1.port };
  const endpoints = [
    { address: first.address, ports: { grpc: first.port }, labels: labels('v1') },
    { address: '127.0.0.1', ports: { grpc: v2.port }, labels: labels('v2') },
  ];
  const xds = [{ address: '127.0.0.1', ports: { grpc: xdsPort } }];
  return [
    PLAIN_TEXT,
    serviceEntry('fraud', 'ml', HOST, port, endpoints),
    serviceEntry('penstock', 'penstock-system', XDS_HOST, xdsPort, xds),
    sidecarObject(
      'client',
      { app: 'client' },
      {
        egress: [clientListener(port, 'ml/*'), clientListener(xdsPort, 'penstock-system/*')],
      },
    ),
    sidecarObject('fraud-v1', labels('v1'), {
      ingress: [
        {
          port: { number: podPort, protocol: 'GRPC', name: 'grpc' },
          bind: POD_ADDRESS,
          captureMode: 'NONE',
          defaultEndpoint: `127.0.0.1:${v1.port}`,
        },
      ],
      egress: [{ hosts: ['~/*'] }],
    }),
  ];
}

/** Where the application beside the client's sidecar finds the services of a port. */
function clientListener(port: number, hosts: string): object {
  return {
    port: { number: port, protocol: 'GRPC', name: 'grpc' },
    bind: CLIENT_ADDRESS,
    captureMode: 'NONE',
    hosts: [hosts],
  };
}

function serviceEntry(
  name: string,
  namespace: string,
  host: string,
  port: number,
  endpoints: readonly object[],
): object {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name, namespace },
    spec: {
      hosts: [host],
      location: 'MESH_INTERNAL',
      resolution: 'STATIC',
      ports: [{ number: port, name: 'grpc', protocol: 'GRPC' }],
      endpoints,
    },
  };
}

function sidecarObject(name: string, selected: object, spec: object): object {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Sidecar',
    metadata: { name, namespace: 'ml' },
    spec: { workloadSelector: { labels: selected }, ...spec },
  };
}
