import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cacheRoot } from '../../src/app/toolchain.ts';

/** A foreign server that these tests need, and where it comes from. */
interface Peer {
  readonly executable: string;
  /** Environment variable that names the executable. */
  readonly variable: string;
  /** Puts it into a folder's `bin/`. */
  install(folder: string): void;
}

const VERSITYGW_VERSION = '1.8.0';

const PEERS = {
  versitygw: {
    executable: 'versitygw',
    variable: 'PENSTOCK_VERSITYGW',
    install(folder) {
      const module = `github.com/versity/versitygw/cmd/versitygw@v${VERSITYGW_VERSION}`;
      execFileSync('go', ['install', module], {
        env: { ...process.env, GOBIN: join(folder, 'bin') },
        stdio: 'pipe',
      });
    },
  },
  redis: {
    executable: 'redis-server',
    variable: 'PENSTOCK_REDIS',
    install(folder) {
      const download = mkdtempSync(join(tmpdir(), 'redis-'));
      const packages = [
        'redis-server',
        'redis-tools',
        'libjemalloc2',
        'liblzf1',
        'liblua5.1-0',
        'lua-cjson',
        'lua-bitop',
      ];
      execFileSync('apt-get', ['-q', 'download', ...packages], { cwd: download, stdio: 'pipe' });
      for (const file of readdirSync(download)) execFileSync('dpkg', ['-x', join(download, file), folder]);
      execFileSync('ln', ['-sfn', 'usr/bin', join(folder, 'bin')]);
      rmSync(download, { recursive: true });
    },
  },
} as const satisfies Record<string, Peer>;

/** Finds a peer: by its variable, on PATH, in the cache, else it is installed there. Throws with the remedy. */
export function findPeer(name: keyof typeof PEERS): string {
  const { executable, variable, install } = PEERS[name];
  const named = process.env[variable];
  if (named) return named;
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, executable));
  const folder = join(cacheRoot(), name === 'versitygw' ? `${name}-${VERSITYGW_VERSION}` : name);
  const cached = join(folder, 'bin', executable);
  const found = [...onPath, cached].find((path) => existsSync(path));
  if (found) return found;
  try {
    mkdirSync(folder, { recursive: true });
    install(folder);
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
