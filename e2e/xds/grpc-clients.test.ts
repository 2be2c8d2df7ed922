import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { type ServerProcess, startServerProcess } from '../model-server/server-process.ts';
import { replaceFile, Serve, temporaryFolder } from '../penstock-process.ts';

const AUTHORITY = 'digits.default.svc.cluster.local:9000';
const folder = temporaryFolder();
const specs = join(folder.path, 'specs.yaml');

/** Whether there is a Go to build a client with; without one that client is not tried. */
const hasGo = ((): boolean => {
  try {
    return execFileSync('go', ['version'], { encoding: 'utf8' }) !== '';
  } catch {
    console.warn('e2e/xds: no `go` on PATH, gRPC for Go is not tried; install Go 1.24 or newer');
    return false;
  }
})();

/** The program that calls with one of gRPC's own xDS clients. */
const CLIENTS = {
  'gRPC for Node': () => [process.execPath, join(import.meta.dirname, 'grpc-js-client.ts')],
  'gRPC for Go': () => {
    const program = join(folder.path, 'go-client');
    execFileSync('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, 'go-client') });
    return [program];
  },
} as const;

/** One of gRPC's own clients at work: one line for each call. */
class Caller {
  readonly #child: ChildProcess;
  readonly answers: string[] = [];
  /** Servers that were waited for: each but the first after a change of the route. */
  #changes = -1;

  constructor(command: readonly string[], xdsAddress: string, nodeId: string) {
    const [program = '', ...args] = command;
    const bootstrap = {
      xds_servers: [
        { server_uri: xdsAddress, channel_creds: [{ type: 'insecure' }], server_features: ['xds_v3'] },
      ],
      // gRPC for Node wants the locality, and says otherwise that it has no configuration
      node: { id: nodeId, locality: { region: '', zone: '', sub_zone: '' } },
    };
    this.#child = spawn(program, [...args, `xds:///${AUTHORITY}`], {
      env: { ...process.env, GRPC_XDS_BOOTSTRAP_CONFIG: JSON.stringify(bootstrap) },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#child.stdout) createInterface(this.#child.stdout).on('line', (line) => this.answers.push(line));
  }

  /** Waits for an answer of this server, given after now. */
  async until(address: string): Promise<void> {
    this.#changes++;
    const from = this.answers.length;
    await waitUntil(
      `an answer by ${address} after ${this.answers.at(-1)}`,
      () => (this.answers.indexOf(address, from) >= 0 ? true : undefined),
      { timeoutMs: 60_000 },
    );
  }

  /**
   * Failed calls, save the one at a time that gRPC for Go fails by itself: it takes up the new route before its
   * balancer knows the new cluster, and a call between the two finds no balancer.
   */
  get errors(): readonly string[] {
    const failed = this.answers.filter((answer) => answer.startsWith('ERROR'));
    const own = failed.filter((answer) => answer.includes('unknown cluster selected for RPC'));
    return own.length <= this.#changes ? failed.filter((answer) => !own.includes(answer)) : failed;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin?.end();
    await ended;
  }
}

function modelService(defaultVersion: string, v1: ServerProcess, v2: ServerProcess): string {
  const version = (name: string, { grpcPort }: ServerProcess) =>
    `  - {name: ${name}, endpoints: {static: [{address: 127.0.0.1, port: ${grpcPort}}]}}`;
  return [
    'apiVersion: penstock.dev/v1alpha1',
    'kind: ModelService',
    'metadata: {name: digits}',
    'spec:',
    '  hosts: [digits.default.svc.cluster.local]',
    '  port: 9000',
    `  defaultVersion: ${defaultVersion}`,
    '  versions:',
    version('v1', v1),
    version('v2', v2),
    '',
  ].join('\n');
}

describe.each(
  (Object.keys(CLIENTS) as (keyof typeof CLIENTS)[]).filter((name) => hasGo || name !== 'gRPC for Go'),
)('%s dials xds:///…', (name) => {
  let v1: ServerProcess;
  let v2: ServerProcess;
  let serve: Serve;
  let caller: Caller;
  const nodeId = name.replaceAll(' ', '-');

  beforeAll(async () => {
    [v1, v2] = await Promise.all([
      startServerProcess('--grpc-port', '0'),
      startServerProcess('--grpc-port', '0'),
    ]);
    replaceFile(specs, modelService('v1', v1, v2));
    serve = await Serve.start(['-f', specs]);
    caller = new Caller(CLIENTS[name](), serve.xdsAddress, nodeId);
  });

  afterAll(async () => {
    await caller?.stop();
    await serve?.stop();
    await Promise.all([v1?.stop(), v2?.stop()]);
  });

  test('its calls reach the default version', async () => {
    await caller.until(`127.0.0.1:${v1.grpcPort}`);
    expect(caller.errors).toEqual([]);
  });

  test('another default version takes over without a failed call', async () => {
    replaceFile(specs, modelService('v2', v1, v2));
    await caller.until(`127.0.0.1:${v2.grpcPort}`);
    expect(caller.errors).toEqual([]);
  });

  test('it is among the sidecars, and follows', async () => {
    const text = await waitUntil(
      'converged',
      async () => {
        const found = JSON.stringify(await serve.api('sidecars'));
        return found.includes(nodeId) ? found : undefined;
      },
      { timeoutMs: 30_000 },
    );
    expect(text).not.toContain('rejection":{');
  });

  test('a control plane that restarts is not noticed', async () => {
    const { xdsAddress } = serve;
    await serve.stop();
    await caller.until(`127.0.0.1:${v2.grpcPort}`);
    serve = await Serve.start(['-f', specs], { xds: xdsAddress });
    replaceFile(specs, modelService('v1', v1, v2));
    await caller.until(`127.0.0.1:${v1.grpcPort}`);
    expect(caller.errors).toEqual([]);
  });
});

afterAll(() => folder.remove());
