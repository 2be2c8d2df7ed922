import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';

/** What the load client found, as far as it is used here; times in ms, memory in MB. */
export interface Measured {
  readonly SyncMs: number;
  readonly SyncSrvCPUms: number;
  readonly RSSSyncMB: number;
  readonly P50: number;
  readonly P99: number;
  readonly Max: number;
  readonly SrvCPUms: number;
  readonly Clean: number;
  readonly Foreign: number;
  readonly Pushes: readonly unknown[] | null;
  readonly BurstMs: number;
  readonly BurstMsgsPerStream: number;
  readonly BurstSrvCPUms: number;
  readonly Err: string;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const RESULT_BYTES = 64 * 1024 * 1024;

/** Server on one core and client on another, so that they do not take each other's; where there are two. */
const IS_PINNED = availableParallelism() >= 2;

function onCore(core: number | undefined, command: readonly string[]): [string, ...string[]] {
  const [program = '', ...args] = command;
  return core !== undefined ? ['taskset', '-c', `${core}`, program, ...args] : [program, ...args];
}

/**
 * Starts a server, runs the load client against it, and stops it.
 *
 * @param ready told of the server's processes before the load begins
 * @throws {Error} with what the server or the client said
 */
export async function runOnce(
  server: readonly string[],
  client: readonly string[],
  isPinned = IS_PINNED,
  ready: (pids: readonly string[]) => void = () => {},
): Promise<Measured> {
  const [program, ...args] = onCore(isPinned ? 0 : undefined, server);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-4_000);
  });
  try {
    const pids = await readyPids(child, () => said);
    ready(pids.split(','));
    return await measure([...client, '-pid', pids], isPinned);
  } finally {
    await stop(child);
  }
}

/** The PIDs that a server prints when it is ready; its own where it prints none. */
async function readyPids(child: ChildProcess, said: () => string): Promise<string> {
  if (!child.stdout) throw new Error('the server has no output');
  const lines = createInterface(child.stdout);
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said()}`)));
    setTimeout(() => reject(new Error(`the server is not ready:\n${said()}`)), START_TIMEOUT_MS).unref();
  });
  ended.catch(() => {});
  const ready = (async () => {
    for await (const line of lines) {
      const found = /^ready ?([\d,]*)/.exec(line);
      if (found) return found[1] || `${child.pid}`;
    }
    return ended;
  })();
  return Promise.race([ready, ended]);
}

function measure(command: readonly string[], isPinned: boolean): Promise<Measured> {
  const [program, ...args] = onCore(isPinned ? 1 : undefined, command);
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: RESULT_BYTES }, (error, stdout, stderr) => {
      const line = stdout.trim();
      const result = line === '' ? undefined : (JSON.parse(line) as Measured);
      if (result && result.Err === '') resolve(result);
      else reject(new Error(result?.Err ?? `the load client: ${error?.message} ${stderr.slice(-2_000)}`));
    });
    child.stderr?.pipe(process.stderr);
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
