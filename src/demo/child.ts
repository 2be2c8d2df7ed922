import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';

/** A program that was started; it is stopped by its own process id and by nothing else. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
  running(): boolean;
  /** SIGTERM, and SIGKILL when it has not ended after the grace time. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL at once: a crash. */
  kill(): Promise<void>;
}

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Called with each complete line of stdout and stderr. */
  readonly onLine?: (line: string) => void;
}

/** Starts a program with its output in a log file. */
export function startChild(options: ChildOptions): Child {
  const log = createWriteStream(options.logFile, { flags: 'a' });
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  pipeLines(child, log, options.onLine);
  let running = true;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  }).then((how) => {
    running = false;
    return how;
  });
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    if (running) child.kill(name);
    await ended;
  };
  return {
    name: options.name,
    pid: child.pid ?? -1,
    ended,
    running: () => running,
    kill: () => signal('SIGKILL'),
    async stop(graceMs = 5000) {
      const timer = setTimeout(() => running && child.kill('SIGKILL'), graceMs);
      await signal('SIGTERM');
      clearTimeout(timer);
    },
  };
}

function pipeLines(
  child: ChildProcess,
  log: WriteStream,
  onLine: ((line: string) => void) | undefined,
): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.on('data', (chunk: Buffer) => {
      log.write(chunk);
      if (onLine === undefined) return;
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
  }
  child.once('close', () => log.end());
}
