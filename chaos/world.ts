import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTool } from '../src/app/toolchain.ts';
import { bootstrap } from '../src/core/translate/bootstrap.ts';
import { freePorts } from '../src/demo/free-port.ts';
import { waitUntil } from '../src/demo/wait-until.ts';
import { BentMachine } from './bent-machine.ts';
import { LyingPrometheus } from './lying-prometheus.ts';
import { Program } from './processes.ts';
import { Relay } from './relay.ts';
import { type Course, type PodPorts, specsOf } from './specs.ts';

/** A client's sidecar, with a network of its own between it and the control plane. */
export interface Sidecar {
  readonly id: string;
  readonly port: number;
  readonly adminPort: number;
  readonly program: Program;
  readonly wire: Relay;
}

export interface Pod {
  readonly version: 'v1' | 'v2';
  readonly port: number;
  readonly program: Program;
}

const STATE_MEGABYTES = 64;

/** What is known comes by load reports and Prometheus, or from Prometheus alone. */
export type Signals = 'load reports' | 'prometheus';

/** The whole system, every part a process of its own that faults can strike. */
export class World {
  readonly folder: string;
  readonly stateFolder: string;
  /** The state stands on a small disk of its own, which can be filled. */
  readonly hasOwnDisk: boolean;
  /** Clock and disk as the control plane sees them; undefined: they are as they are. */
  readonly bent: BentMachine | undefined;
  readonly pods: readonly Pod[];
  readonly sidecars: readonly Sidecar[];
  readonly prometheus: Program;
  readonly liar: LyingPrometheus;
  readonly penstock: Program;
  readonly adminUrl: string;
  readonly xdsPort: number;
  readonly signals: Signals;
  course: Course = { stable: 'v1', candidate: 'v2' };
  /** Weight of all endpoints in the specs. */
  endpointWeight = 1;

  private constructor(
    parts: Omit<
      World,
      'start' | 'stop' | 'writeSpecs' | 'course' | 'endpointWeight' | 'specsFile' | 'podPorts'
    >,
  ) {
    this.folder = parts.folder;
    this.stateFolder = parts.stateFolder;
    this.hasOwnDisk = parts.hasOwnDisk;
    this.bent = parts.bent;
    this.pods = parts.pods;
    this.sidecars = parts.sidecars;
    this.prometheus = parts.prometheus;
    this.liar = parts.liar;
    this.penstock = parts.penstock;
    this.adminUrl = parts.adminUrl;
    this.xdsPort = parts.xdsPort;
    this.signals = parts.signals;
  }

  get specsFile(): string {
    return join(this.folder, 'specs.yaml');
  }

  get podPorts(): PodPorts {
    const of = (version: Pod['version']) =>
      this.pods.filter((pod) => pod.version === version).map(({ port }) => port);
    return { v1: of('v1'), v2: of('v2') };
  }

  /** Replaces the specs by a rename, as a deployment would; whatever text, when one is given. */
  writeSpecs(text = specsOf(this.podPorts, this.course, this.endpointWeight)): void {
    writeFileSync(`${this.specsFile}.next`, text);
    renameSync(`${this.specsFile}.next`, this.specsFile);
  }

  static async start(signals: Signals): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-chaos-'));
    const stateFolder = join(folder, 'state');
    mkdirSync(stateFolder);
    const [xdsPort = 0, adminPort = 0, prometheusPort = 0, ...ports] = await freePorts(3 + 4 + 4);
    const pods = (['v1', 'v1', 'v2', 'v2'] as const).map((version, i) =>
      podAt(folder, version, ports[i] ?? 0),
    );
    const sidecars = await Promise.all(
      [0, 1].map((i) =>
        sidecarAt(folder, `client-${i}`, [xdsPort, ports[4 + 2 * i] ?? 0, ports[5 + 2 * i] ?? 0], signals),
      ),
    );
    const liar = await LyingPrometheus.before(() => `http://127.0.0.1:${prometheusPort}`);
    const bent = BentMachine.make(folder, stateFolder);
    const world = new World({
      folder,
      stateFolder,
      hasOwnDisk: mountDisk(stateFolder),
      bent,
      pods,
      sidecars,
      prometheus: prometheusAt(folder, prometheusPort, sidecars),
      liar,
      penstock: penstockAt(folder, bent, { xdsPort, adminPort, prometheusUrl: liar.url }),
      adminUrl: `http://127.0.0.1:${adminPort}`,
      xdsPort,
      signals,
    });
    try {
      world.writeSpecs();
      for (const { program } of [...pods, ...sidecars]) program.start();
      world.prometheus.start();
      world.penstock.start();
      await waitUntil('the system serves', async () => (await fetch(`${world.adminUrl}/readyz`)).ok, {
        timeoutMs: 180_000,
      });
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const programs = [
      this.penstock,
      this.prometheus,
      ...this.sidecars.map(({ program }) => program),
      ...this.pods.map(({ program }) => program),
    ];
    await Promise.all(programs.map((each) => each.stop()));
    for (const { wire } of this.sidecars) wire.close();
    this.liar.close();
    this.bent?.close();
    if (this.hasOwnDisk) execFileSync('umount', [this.stateFolder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A small disk for the state, where the machine lets us make one. */
function mountDisk(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${STATE_MEGABYTES}m`, 'penstock-chaos', folder], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

function podAt(folder: string, version: Pod['version'], port: number): Pod {
  const main = fileURLToPath(new URL('./pod.ts', import.meta.url));
  const name = `pod-${version}-${port}`;
  const program = new Program({
    name,
    command: process.execPath,
    args: [main, String(port), version],
    logFile: join(folder, `${name}.log`),
  });
  return { version, port, program };
}

async function sidecarAt(
  folder: string,
  id: string,
  [xdsPort, port, adminPort]: readonly [number, number, number],
  signals: Signals,
): Promise<Sidecar> {
  const wire = await Relay.to(xdsPort);
  const file = join(folder, `${id}.json`);
  const config = bootstrap({
    nodeId: id,
    node: { kind: 'outbound', address: '127.0.0.1', port },
    xds: { host: '127.0.0.1', port: wire.port },
    adminAddress: '127.0.0.1',
    adminPort,
    loadReports: signals === 'load reports',
  });
  writeFileSync(file, JSON.stringify(config));
  const args = ['-c', file, '--use-dynamic-base-id', '--concurrency', '1', '-l', 'error'];
  const program = new Program({
    name: id,
    command: findTool('envoy').path,
    args,
    logFile: join(folder, `${id}.log`),
  });
  return { id, port, adminPort, program, wire };
}

function prometheusAt(folder: string, port: number, sidecars: readonly Sidecar[]): Program {
  const file = join(folder, 'prometheus.json');
  const targets = sidecars.map(({ adminPort }) => `127.0.0.1:${adminPort}`);
  const job = { job_name: 'sidecars', metrics_path: '/stats/prometheus', static_configs: [{ targets }] };
  writeFileSync(
    file,
    JSON.stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [job] }),
  );
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  return new Program({
    name: 'prometheus',
    command: findTool('prometheus').path,
    args,
    logFile: join(folder, 'prometheus.log'),
  });
}

function penstockAt(
  folder: string,
  bent: BentMachine | undefined,
  at: { readonly xdsPort: number; readonly adminPort: number; readonly prometheusUrl: string },
): Program {
  const root = process.env.PENSTOCK_CHAOS_ROOT ?? fileURLToPath(new URL('..', import.meta.url));
  const args = [
    join(root, 'cmd/penstock/main.ts'),
    'serve',
    ...['-f', join(folder, 'specs.yaml')],
    ...['--state', join(folder, 'state')],
    ...['--prometheus', at.prometheusUrl],
    ...['--xds-address', `127.0.0.1:${at.xdsPort}`],
    ...['--admin-address', `127.0.0.1:${at.adminPort}`],
  ];
  return new Program({
    name: 'penstock',
    command: process.execPath,
    args,
    env: bent?.env ?? {},
    logFile: join(folder, 'penstock.log'),
  });
}
