import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeForPool } from '../../src/app/encode.ts';
import { findTool } from '../../src/app/toolchain.ts';
import { MeshPublisher } from '../../src/controller/mesh-publisher.ts';
import type { ServiceIr } from '../../src/core/ir/ir.ts';
import type { NodeDescriptor } from '../../src/core/ir/node.ts';
import { type BootstrapOptions, bootstrap } from '../../src/core/translate/bootstrap.ts';
import { NodeRefused, type XdsServer } from '../../src/xds/contract.ts';
import { serveXds } from '../../src/xds/xds-server.ts';

/** An Envoy that follows the mesh. */
export interface Sidecar {
  readonly node: NodeDescriptor;
  readonly port: number;
  /** GET on the administration. */
  admin(path: string): Promise<string>;
  /** What it wrote to stdout so far. */
  stdout(): string;
  stop(): Promise<void>;
}

type SidecarNode = NodeDescriptor & { readonly kind: 'inbound' | 'outbound' };

/** The real xDS server and publisher, and real Envoys that follow them. */
export class Mesh {
  readonly #server: XdsServer;
  readonly #publisher: MeshPublisher;
  readonly #sidecars: Sidecar[] = [];

  private constructor(server: XdsServer, publisher: MeshPublisher) {
    this.#server = server;
    this.#publisher = publisher;
  }

  static async start(): Promise<Mesh> {
    let publisher: MeshPublisher | undefined;
    const server = await serveXds({
      address: '127.0.0.1:0',
      nodes: {
        viewOf: (node) => {
          const view = publisher?.viewOf(node) ?? { refused: 'not ready' };
          if ('refused' in view) throw new NodeRefused(view.refused);
          return view.key;
        },
      },
    });
    publisher = new MeshPublisher(server, encodeForPool, (_, error) => {
      throw error;
    });
    return new Mesh(server, publisher);
  }

  /** Publishes these services and no others, and waits until every sidecar acknowledged what is for it. */
  async apply(...services: readonly ServiceIr[]): Promise<void> {
    const { sequence, changed } = this.#publisher.publish(new Map(services.map((each) => [each.id, each])));
    await until('every sidecar has acknowledged', () => {
      const { of, by, rejected } = this.#server.acknowledgement(sequence, changed);
      if (rejected.length > 0)
        throw new Error(`rejected: ${rejected.map(({ message }) => message).join('; ')}`);
      return by === of;
    });
  }

  /** What sidecars refuse, one line each. */
  rejections(): readonly string[] {
    return this.#server
      .streams()
      .flatMap(({ types }) =>
        types.flatMap(({ typeUrl, rejection }) => (rejection ? [`${typeUrl}: ${rejection.message}`] : [])),
      );
  }

  /** Starts an Envoy with the product's bootstrap and waits until it is ready. */
  async sidecar(node: SidecarNode, otlp?: BootstrapOptions['otlp']): Promise<Sidecar> {
    const nodeId = `${node.kind}-${this.#sidecars.length}`;
    const sidecar = await startSidecar(node, this.#server.port, nodeId, otlp);
    this.#sidecars.push(sidecar);
    await until('the sidecar is ready', async () => (await sidecar.admin('/ready')).startsWith('LIVE'));
    return sidecar;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sidecars.map((sidecar) => sidecar.stop()));
    await this.#server.close();
  }
}

async function startSidecar(
  node: SidecarNode,
  xdsPort: number,
  nodeId: string,
  otlp: BootstrapOptions['otlp'],
): Promise<Sidecar> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-sidecar-'));
  const config = join(folder, 'bootstrap.json');
  const adminFile = join(folder, 'admin');
  const options = {
    ...{ nodeId, node, xds: { host: '127.0.0.1', port: xdsPort }, loadReports: false },
    ...{ adminAddress: '127.0.0.1', adminPort: 0, ...(otlp && { otlp }) },
  };
  writeFileSync(config, JSON.stringify(bootstrap(options)));
  const args = [
    '-c',
    config,
    '--admin-address-path',
    adminFile,
    '--use-dynamic-base-id',
    '--concurrency',
    '1',
    '-l',
    'warn',
  ];
  const child = spawn(findTool('envoy').path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk) => {
      output[stream] = (output[stream] + chunk).slice(-50_000);
    });
  }
  let address = '';
  await until('the sidecar listens', () => {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}:\n${output.stderr}`);
    address = readIfThere(adminFile);
    return address !== '';
  });
  return {
    node,
    port: node.port,
    admin: async (path) => (await fetch(`http://${address}${path}`)).text(),
    stdout: () => output.stdout,
    stop: async () => {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}

/** Looks again and again until it is so. An error of the look ends the wait. */
export async function until(
  what: string,
  look: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A port that was free a moment ago: an Envoy takes a listener's port from its configuration. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
