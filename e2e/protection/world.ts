import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTool } from '../../src/app/toolchain.ts';
import type { NodeDescriptor } from '../../src/core/ir/node.ts';
import type {
  BreakerStatus,
  DecisionRecord,
  LimitStatus,
  RolloutStatus,
  ServiceStatus,
} from '../../src/core/status/status.ts';
import { bootstrap } from '../../src/core/translate/bootstrap.ts';
import { freePort, until } from '../translate/mesh.ts';

/** A process that starts on a machine with other work. */
const START_MS = 90_000;

const MAIN = fileURLToPath(new URL('../../cmd/penstock/main.ts', import.meta.url));

/** Whatever becomes of this process, nothing that it started outlives it. */
const started = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});

/** Ends a child with this process. */
export function endsWithUs(child: ChildProcess): void {
  started.add(child);
  child.once('exit', () => started.delete(child));
}

/** What the HTTP API lists. */
interface Lists {
  readonly services: ServiceStatus;
  readonly rollouts: RolloutStatus;
  readonly breakers: BreakerStatus;
  readonly limits: LimitStatus;
  readonly decisions: DecisionRecord;
}

type SidecarNode = NodeDescriptor & { readonly kind: 'inbound' | 'outbound' };

/** A running Envoy, by the product's bootstrap. */
export interface WorldSidecar {
  readonly port: number;
  /** `HOST:PORT` of its administration. */
  readonly adminAddress: string;
  admin(path: string): Promise<string>;
  stop(): Promise<void>;
}

/** The whole control plane as people run it, `penstock serve`, and real Envoys that follow it. */
export class World {
  readonly #folder: string;
  readonly #server: ChildProcess;
  readonly #sidecars: WorldSidecar[] = [];
  readonly #xdsPort: number;
  readonly #adminUrl: string;
  #started = 0;

  private constructor(folder: string, server: ChildProcess, xds: string, admin: string) {
    this.#folder = folder;
    this.#server = server;
    this.#xdsPort = Number(xds.split(':').at(-1));
    this.#adminUrl = `http://${admin}`;
  }

  /** Starts the control plane with these specs (YAML). */
  static async start(specs: string, ...options: readonly string[]): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-protection-'));
    writeFileSync(join(folder, 'specs.yaml'), specs);
    const addresses = ['--xds-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'];
    const args = [MAIN, 'serve', '-f', join(folder, 'specs.yaml'), ...addresses, ...options];
    const server = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    endsWithUs(server);
    let log = '';
    server.stderr.on('data', (chunk) => {
      log += chunk;
    });
    let serving: { readonly xds: string; readonly admin: string } | undefined;
    await until(
      'the control plane serves',
      () => {
        if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}:\n${log}`);
        const line = log.split('\n').find((each) => each.includes('"msg":"serving"'));
        serving = line === undefined ? undefined : JSON.parse(line);
        return serving !== undefined;
      },
      START_MS,
    );
    return new World(folder, server, serving?.xds ?? '', serving?.admin ?? '');
  }

  /** Replaces the specs. */
  edit(specs: string): void {
    const next = join(this.#folder, 'next');
    writeFileSync(next, specs);
    renameSync(next, join(this.#folder, 'specs.yaml'));
  }

  async list<Kind extends keyof Lists>(kind: Kind, query = ''): Promise<readonly Lists[Kind][]> {
    const response = await fetch(`${this.#adminUrl}/api/v1/${kind}${query}`);
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`${kind}: ${response.status} ${JSON.stringify(body)}`);
    return (Array.isArray(body) ? body : (body as { items: unknown }).items) as readonly Lists[Kind][];
  }

  /** What Prometheus would scrape of the control plane. */
  async metrics(): Promise<string> {
    return (await fetch(`${this.#adminUrl}/metrics`)).text();
  }

  /** Turns a switch (`freeze`, `baseline`) on or off. */
  async turn(name: 'freeze' | 'baseline', on: boolean): Promise<void> {
    const response = await fetch(`${this.#adminUrl}/api/v1/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ on }),
    });
    if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  }

  /** @param pushes it pushes its statistics to the control plane */
  outbound(pushes = false): Promise<WorldSidecar> {
    return this.#sidecar((port) => ({ kind: 'outbound', address: '127.0.0.1', port }), pushes);
  }

  /**
   * A sidecar in front of a model server; on a port of the system's choice unless one is given.
   * @param pushes it pushes its statistics to the control plane
   */
  inbound(
    service: string,
    version: string,
    appPort: number,
    port?: number,
    pushes = false,
  ): Promise<WorldSidecar> {
    const node = (free: number): SidecarNode => ({
      kind: 'inbound',
      service,
      version,
      address: '127.0.0.1',
      port: port ?? free,
      appPort,
    });
    return this.#sidecar(node, pushes);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sidecars.map((sidecar) => sidecar.stop()));
    await end(this.#server);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #sidecar(nodeAt: (port: number) => SidecarNode, pushes = false): Promise<WorldSidecar> {
    const node = nodeAt(await freePort());
    this.#started += 1;
    const nodeId = `${node.kind}-${this.#started}`;
    const sidecar = await startEnvoy(
      { nodeId, node, xds: { host: '127.0.0.1', port: this.#xdsPort }, pushLatencies: pushes },
      join(this.#folder, nodeId),
    );
    this.#sidecars.push(sidecar);
    await until('the sidecar is ready', async () => (await sidecar.admin('/ready')).startsWith('LIVE'));
    await until('its listener is there', async () =>
      (await sidecar.admin('/listeners')).includes(`:${node.port}`),
    );
    return sidecar;
  }
}

async function startEnvoy(
  given: {
    readonly nodeId: string;
    readonly node: SidecarNode;
    readonly xds: { host: string; port: number };
    readonly pushLatencies: boolean;
  },
  base: string,
): Promise<WorldSidecar> {
  const config = { ...given, adminAddress: '127.0.0.1', adminPort: 0, loadReports: true };
  writeFileSync(`${base}.json`, JSON.stringify(bootstrap(config)));
  const adminFile = `${base}.admin`;
  const fixed = ['--use-dynamic-base-id', '--concurrency', '1', '-l', 'error'];
  const args = ['-c', `${base}.json`, '--admin-address-path', adminFile, ...fixed];
  const child = spawn(findTool('envoy').path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  endsWithUs(child);
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-20_000);
  });
  let address = '';
  await until('the sidecar listens', () => {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}:\n${errors}`);
    address = readIfThere(adminFile);
    return address !== '';
  });
  return {
    port: given.node.port,
    adminAddress: address,
    admin: async (path) => (await fetch(`http://${address}${path}`)).text(),
    stop: () => end(child),
  };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}
