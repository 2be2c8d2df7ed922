import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ControllerStatus } from '../src/core/status/status.ts';
import { waitUntil } from '../src/demo/wait-until.ts';

const MAIN = fileURLToPath(new URL('../cmd/penstock/main.ts', import.meta.url));
/** Longer than any command takes on a machine that has other work. */
const COMMAND_TIMEOUT_MS = 60_000;

/** How a command ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `penstock` that was started. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout(): string;
  stderr(): string;
}

/** Starts `penstock` with these arguments. @param main of another version */
export function startPenstock(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  main = MAIN,
): Running {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended, stdout: () => stdout, stderr: () => stderr };
}

/** Runs `penstock` to its end; one that does not end is killed, and told by its signal. */
export async function penstock(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  main = MAIN,
): Promise<Ended> {
  const { child, ended } = startPenstock(args, env, main);
  const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_TIMEOUT_MS);
  const how = await ended;
  clearTimeout(timer);
  return how;
}

/** A folder for one test file's specs and state. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'penstock-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes a file as a deployment would: a new one takes its place. */
export function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.next`, text);
  renameSync(`${file}.next`, file);
}

/** `penstock serve` on ports of the system's choice, or on given ones. */
export class Serve {
  readonly #running: Running;
  readonly adminUrl: string;
  readonly xdsAddress: string;

  private constructor(running: Running, { admin, xds }: { readonly admin: string; readonly xds: string }) {
    this.#running = running;
    this.adminUrl = `http://${admin}`;
    this.xdsAddress = xds;
  }

  /** Starts it and waits until it serves. */
  static async start(
    args: readonly string[],
    {
      xds = '127.0.0.1:0',
      admin = '127.0.0.1:0',
      main = MAIN,
    }: { xds?: string; admin?: string; main?: string } = {},
  ): Promise<Serve> {
    const addresses = ['--xds-address', xds, '--admin-address', admin];
    const running = startPenstock(['serve', ...args, ...addresses], {}, main);
    const line = await waitUntil(
      'penstock serves',
      () => {
        const said = logLines(running.stderr()).find((each) => each.msg === 'serving');
        return said ?? (running.child.exitCode === null ? undefined : 'ended');
      },
      { timeoutMs: COMMAND_TIMEOUT_MS },
    );
    if (line === 'ended') throw new Error(`penstock serve ended:\n${running.stderr()}`);
    return new Serve(running, { admin: String(line.admin), xds: String(line.xds) });
  }

  get xdsPort(): number {
    return Number(this.xdsAddress.split(':').at(-1));
  }

  get stdout(): string {
    return this.#running.stdout();
  }

  /** The log so far, line by line; a line that is no JSON throws. */
  get log(): readonly LogLine[] {
    return logLines(this.#running.stderr());
  }

  /** A JSON document of the API. */
  async api<T>(path: string): Promise<T> {
    const response = await fetch(`${this.adminUrl}/api/v1/${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Asks for something to be done: `rollouts/default/fraud-v2:promote`. */
  async post(path: string, body: unknown = {}): Promise<void> {
    const response = await fetch(`${this.adminUrl}/api/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }

  status(): Promise<ControllerStatus> {
    return this.api('status');
  }

  /** The value of a metric without labels. */
  async metric(name: string): Promise<number | undefined> {
    const text = await (await fetch(`${this.adminUrl}/metrics`)).text();
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.split(' ')[1]);
  }

  /** Another `penstock` command, asking this one. */
  command(...args: readonly string[]): Promise<Ended> {
    return penstock(args, { PENSTOCK_ADMIN: this.adminUrl });
  }

  signal(name: NodeJS.Signals): void {
    this.#running.child.kill(name);
  }

  /** Resolves when it has ended. */
  get ended(): Promise<Ended> {
    return this.#running.ended;
  }

  /** SIGTERM, or another signal, and its end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    const timer = setTimeout(() => this.signal('SIGKILL'), 10_000);
    this.signal(signal);
    const how = await this.ended;
    clearTimeout(timer);
    return how;
  }
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

function logLines(text: string): readonly LogLine[] {
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogLine]));
}
