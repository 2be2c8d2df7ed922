import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { cacheRoot } from '../../src/app/toolchain.ts';
import { freePort, until } from '../translate/mesh.ts';

const TOOLS = join(import.meta.dirname, '../../tools');

/** The mesh's configuration, without what only istio-proxy has or Kubernetes gives. */
const MESH = { enableAutoMtls: false, rootNamespace: 'istio-system' };
const ENVIRONMENT = {
  CLUSTER_ID: 'Kubernetes',
  ENABLE_CA_SERVER: 'false',
  PILOT_CERT_PROVIDER: 'none',
  PILOT_ENABLE_GATEWAY_API: 'false',
  PILOT_ENABLE_METADATA_EXCHANGE: 'false',
  PILOT_ENABLE_ALPN_FILTER: 'false',
};

/** The istiod that `tools/setup.sh istiod` built, or the one that PENSTOCK_ISTIOD names. */
function istiodPath(): string {
  const pins = readFileSync(join(TOOLS, 'versions.env'), 'utf8');
  const version = /^ISTIOD_VERSION=(.+)$/m.exec(pins)?.[1];
  const path = process.env.PENSTOCK_ISTIOD ?? join(cacheRoot(), `istiod-${version}`, 'bin', 'istiod');
  if (!existsSync(path)) throw new Error(`there is no ${path}; run tools/setup.sh istiod`);
  return path;
}

/** The real istiod with its configuration in files; its objects and ports outlive a crash. */
export class Istiod {
  readonly port: number;
  readonly #folder: string;
  readonly #monitoringPort: number;
  readonly #httpPort: number;
  #process: ChildProcess | undefined;

  private constructor(folder: string, ports: readonly [number, number, number]) {
    this.#folder = folder;
    [this.port, this.#monitoringPort, this.#httpPort] = ports;
  }

  /** Starts it over these objects, and others in files of their own, and waits until it is ready. */
  static async start(
    objects: readonly object[],
    files: Readonly<Record<string, readonly object[]>> = {},
  ): Promise<Istiod> {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-istiod-'));
    mkdirSync(join(folder, 'config'));
    writeFileSync(join(folder, 'mesh.yaml'), stringify(MESH));
    const istiod = new Istiod(folder, [await freePort(), await freePort(), await freePort()]);
    istiod.apply(objects);
    for (const [file, others] of Object.entries(files)) istiod.apply(others, file);
    await istiod.restart();
    return istiod;
  }

  /** A file holds these objects and no others from now on. */
  apply(objects: readonly object[], file = 'objects.yaml'): void {
    const next = join(this.#folder, 'next');
    writeFileSync(
      next,
      objects.map((object) => stringify(object, { version: '1.1', lineWidth: 0 })).join('---\n'),
    );
    renameSync(next, join(this.#folder, 'config', file));
  }

  async restart(): Promise<void> {
    const child = spawn(
      istiodPath(),
      [
        ...['--config-dir', join(this.#folder, 'config'), '--mesh-config', join(this.#folder, 'mesh.yaml')],
        ...['--grpc-address', `127.0.0.1:${this.port}`],
        ...['--monitoring-address', `127.0.0.1:${this.#monitoringPort}`],
        ...['--http-address', `127.0.0.1:${this.#httpPort}`],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...ENVIRONMENT } },
    );
    this.#process = child;
    let log = '';
    child.stderr.on('data', (chunk) => {
      log = (log + chunk).slice(-20_000);
    });
    await until(
      'istiod is ready',
      async () => {
        if (child.exitCode !== null) throw new Error(`istiod ended with ${child.exitCode}:\n${log}`);
        return await fetch(`http://127.0.0.1:${this.#httpPort}/ready`).then(
          ({ ok }) => ok,
          () => false,
        );
      },
      60_000,
    );
  }

  /** How often it has pushed anything to any sidecar: `pilot_xds_pushes` of all types. */
  async pushes(): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.#monitoringPort}/metrics`)).text();
    const counts = text
      .split('\n')
      .filter((line) => line.startsWith('pilot_xds_pushes{'))
      .map((line) => Number(line.slice(line.lastIndexOf(' '))));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** kill -9. */
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
