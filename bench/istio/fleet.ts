import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { cacheRoot } from '../../src/app/toolchain.ts';

/** What a fleet saw of one change; times of its own clock, ms since the epoch. */
export interface Seen {
  readonly FirstMs: number;
  readonly MedianMs: number;
  readonly LastMs: number;
  /** Received by all together. */
  readonly Bytes: number;
}

/** Builds the fleet's program into the cache. @throws where there is no Go */
export function buildFleet(): string {
  const folder = join(cacheRoot(), 'bench-istio');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'client');
  execFileSync('go', ['build', '-buildvcs=false', '-o', program, './client'], {
    cwd: import.meta.dirname,
    stdio: 'inherit',
  });
  return program;
}

/** Clients that speak as Istio's sidecars do, in a process of their own. */
export class Fleet {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#process = child;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** Starts it and waits until every client has been told everything. */
  static async start(program: string, args: readonly string[]): Promise<Fleet> {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const fleet = new Fleet(child, createInterface(child.stdout));
    await fleet.#expect('ready');
    return fleet;
  }

  /** Makes a change and tells how it came to all clients: the change is known by these bytes. */
  async see(
    marker: Buffer,
    change: () => void | Promise<void>,
  ): Promise<Seen & { readonly beganMs: number }> {
    this.#process.stdin?.write(`${marker.toString('hex')}\n`);
    await this.#expect('armed');
    const beganMs = performance.timeOrigin + performance.now();
    await change();
    return { ...(JSON.parse(await this.#next()) as Seen), beganMs };
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }

  async #expect(line: string): Promise<void> {
    const next = await this.#next();
    if (next !== line) throw new Error(`the fleet said ${next} where ${line} was expected`);
  }

  async #next(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the fleet ended');
    return value;
  }
}
