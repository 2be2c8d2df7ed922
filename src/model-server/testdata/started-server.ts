import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { connectModel, type ModelClient } from '../client.ts';
import { createCommand } from '../options/command.ts';
import { type ModelServer, serveModels } from '../serve.ts';

/** The models that the project ships. */
export const SHIPPED_MODELS = fileURLToPath(new URL('../../../models', import.meta.url));
/** The tiny models of the tests. */
export const TEST_MODELS = fileURLToPath(new URL('models', import.meta.url));

/** A server that a test has started, with a client. */
export interface StartedServer {
  readonly server: ModelServer;
  readonly client: ModelClient;
  readonly address: string;
  readonly log: readonly Record<string, unknown>[];
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** The value of a series, 0 when there is none. */
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a server on free ports with options as on the command line. */
export async function startServer(...options: string[]): Promise<StartedServer> {
  const log: Record<string, unknown>[] = [];
  const logger = pino({ base: null }, { write: (line: string) => log.push(JSON.parse(line)) });
  let server: ModelServer | undefined;
  const command = createCommand('test', {
    serve: async (settings) => {
      server = await serveModels(settings, logger);
    },
    encrypt: async () => undefined,
  });
  await command.parseAsync(['--grpc-port', '0', '--http-port', '0', '--provider', 'cpu', ...options], { from: 'user' });
  if (!server) throw new Error('the server did not start');
  const started = server;
  const address = `127.0.0.1:${started.grpcPort}`;
  const client = connectModel(address);
  const fetchPath = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${started.httpPort}${path}`, init);
  return {
    server: started,
    client,
    address,
    log,
    fetch: fetchPath,
    async metric(name, labels = {}) {
      const text = await (await fetchPath('/metrics')).text();
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      const line = text
        .split('\n')
        .find((one) => one.startsWith(`${name}{`) && wanted.every((label) => one.includes(label)));
      return Number(line?.split(' ').at(-1) ?? 0);
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await started.close();
    },
  };
}

/** A folder that is gone at the end of the test. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'model-server-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Waits until something is so; fails after `timeoutMs`. Resolves with how long it took, in ms. */
export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<number> {
  const startedMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedMs > timeoutMs) throw new Error(`not so within ${timeoutMs} ms: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - startedMs;
}
