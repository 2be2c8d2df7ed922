import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findTool } from '../app/toolchain.ts';
import { AdminClient } from '../cli/admin-client.ts';
import type { ControllerStatus, SidecarStatus } from '../core/status/status.ts';
import { bootstrap } from '../core/translate/bootstrap.ts';
import { type Child, startChild } from './child.ts';
import { chooseLayout, type Instance, type Layout, NAMESPACE } from './layout.ts';
import { prometheusConfig } from './prometheus-config.ts';
import { demoSpecs, type RolloutWish } from './specs.ts';
import type { Fault } from './stage.ts';
import { waitUntil } from './wait-until.ts';

/** What the demo reads its signals from. */
export type SignalsInUse = 'load reports' | 'prometheus';

export interface WorldOptions {
  /** An empty folder for configuration, state and logs. */
  readonly directory: string;
  readonly modelsDirectory: string;
  /** How this program is started again: the executable and its first arguments. */
  readonly penstock: readonly [string, ...string[]];
  readonly modelServer: readonly [string, ...string[]];
  readonly signals: SignalsInUse;
  readonly scrapeInterval: string;
  readonly tell: (text: string) => void;
}

/** Two dozen processes begin at once, perhaps on a machine that has other work. */
const START_TIMEOUT_MS = 120_000;

/** The processes of a demo; all on loopback. */
export class World {
  readonly layout: Layout;
  readonly admin: AdminClient;
  readonly #options: WorldOptions;
  readonly #specFile: string;
  readonly #prometheusFile: string;
  #signals: SignalsInUse;
  readonly #children = new Map<string, Child>();

  private constructor(options: WorldOptions, layout: Layout) {
    this.#options = options;
    this.layout = layout;
    this.admin = new AdminClient(`http://127.0.0.1:${layout.adminPort}`);
    this.#specFile = join(options.directory, 'specs.yaml');
    this.#prometheusFile = join(options.directory, 'prometheus.yaml');
    this.#signals = options.signals;
  }

  /** Starts everything and waits until every model is served and every sidecar has its configuration. */
  static async start(options: WorldOptions): Promise<World> {
    const world = new World(options, await chooseLayout());
    try {
      await world.#startAll();
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  /** Replaces the specs by a rename, as a deployment would, and waits until they are in force. */
  async writeSpecs(rollout: RolloutWish | undefined): Promise<void> {
    const before = (await this.#status()).specs.loadedAt;
    this.#writeSpecFile(rollout);
    await waitUntil('the new specs are in force', async () => (await this.#status()).specs.loadedAt > before);
  }

  /** Tells instances to misbehave, or to behave. */
  async setFault(names: readonly string[], fault: Fault): Promise<void> {
    for (const { name, httpPort } of this.layout.instances) {
      if (!names.includes(name)) continue;
      const response = await fetch(`http://127.0.0.1:${httpPort}/debug/fault`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      });
      if (!response.ok) throw new Error(`${name} did not take the fault: ${await response.text()}`);
    }
  }

  /** kill -9, and a new process on the same state. */
  async restartPenstock(): Promise<void> {
    await this.#children.get('penstock')?.kill();
    await this.#startPenstock();
  }

  /** Penstock without load reports, and a Prometheus that scrapes as seldom as most do. */
  async readPrometheusAlone(scrapeInterval: string): Promise<void> {
    this.#signals = 'prometheus';
    await this.restartPenstock();
    writeFileSync(this.#prometheusFile, prometheusConfig(this.layout, scrapeInterval));
    process.kill(this.#children.get('prometheus')?.pid ?? 0, 'SIGHUP');
  }

  /** Stops every process that was started, each by its own id; the control plane goes last. */
  async stop(): Promise<void> {
    const penstock = this.#children.get('penstock');
    this.#children.delete('penstock');
    await Promise.all([...this.#children.values()].map((child) => child.stop()));
    await penstock?.stop();
    this.#children.clear();
  }

  async #startAll(): Promise<void> {
    const { directory, tell } = this.#options;
    mkdirSync(join(directory, 'logs'), { recursive: true });
    this.#copyModels();
    this.#writeSpecFile(undefined);
    tell(`${this.layout.instances.length} model servers (onnxruntime-node)`);
    for (const instance of this.layout.instances) this.#startModelServer(instance);
    tell('Penstock');
    await this.#startPenstock();
    const envoy = findTool('envoy');
    tell(`${this.layout.instances.length + this.layout.clients.length} sidecars (Envoy ${envoy.version})`);
    for (const instance of this.layout.instances) this.#startInboundSidecar(envoy.path, instance);
    for (const client of this.layout.clients) this.#startClientSidecar(envoy.path, client);
    this.#startPrometheus();
    await this.#everythingIsReady();
  }

  /** One folder with a version of each name; v3 is v2's model, to be told to fail. */
  #copyModels(): void {
    for (const { modelVersion, model, service } of this.layout.instances) {
      const to = join(this.#options.directory, 'models', service, 'digits', modelVersion);
      cpSync(join(this.#options.modelsDirectory, 'digits', model), to, { recursive: true });
    }
  }

  #writeSpecFile(rollout: RolloutWish | undefined): void {
    const next = `${this.#specFile}.next`;
    writeFileSync(next, demoSpecs(this.layout, rollout));
    renameSync(next, this.#specFile);
  }

  #start(name: string, command: string, args: readonly string[]): Child {
    const logFile = join(this.#options.directory, 'logs', `${name}.log`);
    const child = startChild({ name, command, args, logFile });
    this.#children.set(name, child);
    return child;
  }

  #startModelServer(instance: Instance): void {
    const [command, ...first] = this.#options.modelServer;
    const repository = join(this.#options.directory, 'models', instance.service);
    this.#start(`model-${instance.name}`, command, [
      ...first,
      ...['--model-repository', repository, '--model', `digits:${instance.modelVersion}`],
      ...['--grpc-port', String(instance.appPort), '--http-port', String(instance.httpPort)],
      ...['--threads', '1', '--allow-faults'],
    ]);
  }

  async #startPenstock(): Promise<void> {
    const { layout } = this;
    const [command, ...first] = this.#options.penstock;
    const child = this.#start('penstock', command, [
      ...first,
      ...['serve', '-f', this.#specFile, '--state', join(this.#options.directory, 'state')],
      ...['--prometheus', `http://127.0.0.1:${layout.prometheusPort}`],
      ...['--xds-address', `127.0.0.1:${layout.xdsPort}`, '--admin-address', `127.0.0.1:${layout.adminPort}`],
      ...['--load-report-interval', this.#signals === 'prometheus' ? '0s' : '500ms'],
    ]);
    const answers = async () => (await fetch(`http://127.0.0.1:${layout.adminPort}/healthz`)).ok;
    await Promise.race([
      waitUntil('Penstock serves', answers, { timeoutMs: START_TIMEOUT_MS }),
      this.#endOf(child),
    ]);
  }

  #startInboundSidecar(envoy: string, instance: Instance): void {
    const { name, service, version, port, appPort, envoyAdminPort } = instance;
    const node = {
      kind: 'inbound' as const,
      service: `${NAMESPACE}/${service}`,
      version,
      address: '127.0.0.1',
      port,
      appPort,
    };
    this.#startEnvoy(envoy, name, envoyAdminPort, { nodeId: name, node });
  }

  #startClientSidecar(envoy: string, client: Layout['clients'][number]): void {
    const { name, port, sourceAddress, envoyAdminPort } = client;
    const node = { kind: 'outbound' as const, address: '127.0.0.1', port };
    this.#startEnvoy(envoy, name, envoyAdminPort, { nodeId: name, node, sourceAddress });
  }

  #startEnvoy(
    envoy: string,
    name: string,
    adminPort: number,
    own: Pick<Parameters<typeof bootstrap>[0], 'nodeId' | 'node' | 'sourceAddress'>,
  ): void {
    const file = join(this.#options.directory, `envoy-${name}.yaml`);
    const config = bootstrap({
      ...own,
      xds: { host: '127.0.0.1', port: this.layout.xdsPort },
      adminAddress: '127.0.0.1',
      adminPort,
      loadReports: this.#options.signals === 'load reports',
    });
    writeFileSync(file, stringify(config));
    this.#start(`envoy-${name}`, envoy, [
      '-c',
      file,
      '--concurrency',
      '1',
      '--disable-hot-restart',
      '-l',
      'warn',
    ]);
  }

  #startPrometheus(): void {
    const { directory, scrapeInterval, tell } = this.#options;
    writeFileSync(this.#prometheusFile, prometheusConfig(this.layout, scrapeInterval));
    const prometheus = findTool('prometheus');
    tell(`Prometheus ${prometheus.version}, scraping every ${scrapeInterval}`);
    this.#start('prometheus', prometheus.path, [
      ...['--config.file', this.#prometheusFile, '--storage.tsdb.path', join(directory, 'prometheus')],
      ...['--web.listen-address', `127.0.0.1:${this.layout.prometheusPort}`, '--log.level', 'warn'],
    ]);
  }

  async #everythingIsReady(): Promise<void> {
    const ready = (what: string, url: string) =>
      waitUntil(what, async () => (await fetch(url)).ok, { timeoutMs: START_TIMEOUT_MS, everyMs: 100 });
    const sidecars = [...this.layout.instances, ...this.layout.clients];
    const all = Promise.all([
      ...this.layout.instances.map(({ name, httpPort }) =>
        ready(`the model of ${name} is served`, `http://127.0.0.1:${httpPort}/readyz`),
      ),
      ...sidecars.map(({ name, envoyAdminPort }) =>
        ready(`the sidecar ${name} is ready`, `http://127.0.0.1:${envoyAdminPort}/ready`),
      ),
      ready('Prometheus is ready', `http://127.0.0.1:${this.layout.prometheusPort}/-/ready`),
    ]);
    await Promise.race([all, this.#firstToEnd()]);
    await waitUntil(
      'every sidecar has its configuration',
      async () => {
        const connected = await this.admin.fetch<readonly SidecarStatus[]>('sidecars');
        return connected.length === sidecars.length && connected.every((each) => each.converged);
      },
      { timeoutMs: START_TIMEOUT_MS },
    );
  }

  /** Rejects as soon as one of the processes ends: waiting for the others would be in vain. */
  #firstToEnd(): Promise<never> {
    return Promise.race([...this.#children.values()].map((child) => this.#endOf(child)));
  }

  async #endOf(child: Child): Promise<never> {
    const how = await child.ended;
    throw new Error(`${child.name} ended (${how}); see logs/${child.name}.log in ${this.#options.directory}`);
  }

  #status(): Promise<ControllerStatus> {
    return this.admin.fetch<ControllerStatus>('status');
  }
}
