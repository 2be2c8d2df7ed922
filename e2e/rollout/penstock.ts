import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DecisionRecord, RolloutStatus } from '../../src/core/status/status.ts';
import { freePort, until } from '../translate/mesh.ts';

const MAIN = fileURLToPath(new URL('../../cmd/penstock/main.ts', import.meta.url));

/** How a command ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `penstock serve` as people run it, on ports that stay, with state that outlives a crash. */
export class Penstock {
  readonly xdsPort: number;
  readonly adminUrl: string;
  readonly #folder: string;
  readonly #args: readonly string[];
  #server: ChildProcess | undefined;

  private constructor(folder: string, xdsPort: number, adminPort: number, args: readonly string[]) {
    this.#folder = folder;
    this.xdsPort = xdsPort;
    this.adminUrl = `http://127.0.0.1:${adminPort}`;
    this.#args = args;
  }

  /** Starts it with these specs (YAML) and further options. */
  static async start(specs: string, ...options: readonly string[]): Promise<Penstock> {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-rollout-'));
    const file = join(folder, 'specs.yaml');
    writeFileSync(file, specs);
    const [xds, admin] = [await freePort(), await freePort()];
    const addresses = ['--xds-address', `127.0.0.1:${xds}`, '--admin-address', `127.0.0.1:${admin}`];
    const args = ['serve', '-f', file, '--state', join(folder, 'state'), ...addresses, ...options];
    const penstock = new Penstock(folder, xds, admin, args);
    await penstock.#launch();
    return penstock;
  }

  /** Replaces the specs by a rename, as a deployment would. */
  edit(specs: string): void {
    const next = join(this.#folder, 'next');
    writeFileSync(next, specs);
    renameSync(next, join(this.#folder, 'specs.yaml'));
  }

  /** Runs `penstock …` against it, as a pipeline does. */
  run(...args: readonly string[]): Promise<Ran> {
    const env = { ...process.env, PENSTOCK_ADMIN: this.adminUrl };
    return new Promise((resolve) => {
      execFile(process.execPath, [MAIN, ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      );
    });
  }

  /** kill -9, and a new process on the same state. */
  async crash(): Promise<void> {
    await this.kill();
    await this.restart();
  }

  /** kill -9. */
  kill(): Promise<void> {
    return end(this.#server, 'SIGKILL');
  }

  /** A new process on the same state. */
  restart(): Promise<void> {
    return this.#launch();
  }

  async rollout(): Promise<RolloutStatus> {
    const [rollout] = await this.rollouts();
    if (rollout === undefined) throw new Error('there is no rollout');
    return rollout;
  }

  rollouts(): Promise<readonly RolloutStatus[]> {
    return this.#list<RolloutStatus>('rollouts');
  }

  /** @param query as the HTTP API takes it, `reason=…&limit=…` */
  decisions(query = ''): Promise<readonly DecisionRecord[]> {
    return this.#list<DecisionRecord>(`decisions?${query}`);
  }

  async stop(): Promise<void> {
    await end(this.#server, 'SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #list<T>(kind: string): Promise<readonly T[]> {
    const body: unknown = await (await fetch(`${this.adminUrl}/api/v1/${kind}`)).json();
    return (Array.isArray(body) ? body : (body as { items: unknown }).items) as readonly T[];
  }

  async #launch(): Promise<void> {
    const server = spawn(process.execPath, [MAIN, ...this.#args], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#server = server;
    let log = '';
    server.stderr.on('data', (chunk) => {
      log = (log + chunk).slice(-20_000);
    });
    await until('penstock serves', () => {
      if (server.exitCode !== null) throw new Error(`penstock ended with ${server.exitCode}:\n${log}`);
      return log.includes('"msg":"serving"');
    });
  }
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}
