import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SHIPPED_MODELS } from '../../src/model-server/testdata/started-server.ts';
import { stopChild } from './peers.ts';

/** A model server in a process of its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Asks it to drain, and resolves with its exit code when it has gone. */
  stop(): Promise<number | null>;
}

const MAIN = fileURLToPath(new URL('../../cmd/model-server/main.ts', import.meta.url));

/** Starts a server of the shipped models and waits until it is ready. */
export async function startServerProcess(...options: string[]): Promise<ServerProcess> {
  const flags = ['--model-repository', SHIPPED_MODELS, '--provider', 'cpu', '--http-port', '0', ...options];
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ready = await new Promise<{ grpcPort: number; httpPort: number }>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const entry = JSON.parse(line) as { msg: string; grpcPort: number; httpPort: number };
      if (entry.msg === 'ready') resolve(entry);
    });
    child.once('exit', (code) => reject(new Error(`the model server ended with exit code ${code}`)));
  });
  const stop = async () => {
    await stopChild(child);
    return child.exitCode;
  };
  return {
    ...ready,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}
