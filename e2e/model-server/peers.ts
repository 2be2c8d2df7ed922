import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot } from '../../src/app/toolchain.ts';

/** The foreign servers that these tests need: what to look for, and the variable that names it. */
const PEERS = {
  versitygw: { executable: 'versitygw', variable: 'PENSTOCK_VERSITYGW' },
  redis: { executable: 'redis-server', variable: 'PENSTOCK_REDIS' },
} as const;

const INSTALL = fileURLToPath(new URL('install-peer.sh', import.meta.url));

/** Finds a peer: by its variable, on PATH, in the cache, else it is installed there. Throws with the remedy. */
function findPeer(name: keyof typeof PEERS): string {
  const { executable, variable } = PEERS[name];
  const named = process.env[variable];
  if (named) return named;
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, executable));
  const folder = join(cacheRoot(), name);
  const cached = join(folder, 'bin', executable);
  const found = [...onPath, cached].find((path) => existsSync(path));
  if (found) return found;
  try {
    execFileSync(INSTALL, [name, folder], { stdio: 'pipe' });
    return cached;
  } catch (error) {
    throw new Error(
      `${executable} is not here and cannot be installed; set ${variable}: ${(error as Error).message}`,
    );
  }
}

/** A peer that runs. */
export interface RunningPeer {
  stop(): Promise<void>;
}

/** Starts a peer and waits until it answers. */
export async function startPeer(
  name: keyof typeof PEERS,
  options: readonly string[],
  environment: Record<string, string>,
  answers: () => Promise<boolean>,
): Promise<RunningPeer> {
  const executable = findPeer(name);
  const env = { ...process.env, ...environment };
  const library = join(cacheRoot(), name, 'usr/lib/x86_64-linux-gnu');
  if (existsSync(library)) env.LD_LIBRARY_PATH = library;
  const child = spawn(executable, options, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      words = (words + chunk).slice(-5_000);
    });
  }
  const deadline = Date.now() + 20_000;
  while (!(await answers().catch(() => false))) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`${name} does not answer:\n${words}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { stop: () => stopChild(child) };
}

/** Ends a child and waits until it has gone. */
export async function stopChild(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}
