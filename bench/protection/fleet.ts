import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endsWithUs, World } from '../../e2e/protection/world.ts';
import { Caller } from '../../e2e/translate/caller.ts';
import { freePort, until } from '../../e2e/translate/mesh.ts';
import { findTool } from '../../src/app/toolchain.ts';
import { type HandWritten, staticEnvoy } from './static-envoy.ts';

/** Callers' sidecars in front of a pool, however they are run. */
export interface Fleet {
  readonly name: string;
  readonly callers: readonly Caller[];
  /** Where the sidecars listen. */
  readonly ports: readonly number[];
  /** What callers dial. */
  readonly authority: string;
  /** The control plane behind it, where there is one. */
  readonly world: World | undefined;
  /** GET on the administration of every sidecar. */
  admin(path: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Starts a fleet in front of the pods with these ports. */
export type MakeFleet = (ports: readonly number[]) => Promise<Fleet>;

export const AUTHORITY = 'pool.default.svc.cluster.local';

/** A ModelService `pool` with one version over these ports, and a TrafficPolicy with these fields (YAML flow). */
export function poolSpecs(ports: readonly number[], policy: string, service = ''): string {
  const endpoints = ports.map((port) => `{address: 127.0.0.1, port: ${port}}`).join(', ');
  return `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: pool}
spec:
  port: 9000
  versions: [{name: v1, endpoints: {static: [${endpoints}]}}]
  ${service}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: pool}
spec: {targetRef: {name: pool}, ${policy}}
`;
}

/** Penstock, as people run it, with so many callers' sidecars. */
export async function penstockFleet(specs: string, sidecars: number): Promise<Fleet> {
  const world = await World.start(specs);
  const started = await Promise.all(Array.from({ length: sidecars }, () => world.outbound()));
  const callers = started.map(({ port }) => new Caller(port));
  return {
    name: 'Penstock',
    callers,
    ports: started.map(({ port }) => port),
    authority: AUTHORITY,
    world,
    admin: (path) => Promise.all(started.map((sidecar) => sidecar.admin(path))),
    stop: async () => {
      for (const caller of callers) caller.close();
      await world.stop();
    },
  };
}

/** So many Envoys with one hand-written configuration, and nobody who watches them. */
export async function staticFleet(
  by: HandWritten,
  ports: readonly number[],
  sidecars: number,
): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-static-'));
  const started = await Promise.all(
    Array.from({ length: sidecars }, (_, i) => startStatic(join(folder, `${i}`), ports, by)),
  );
  return {
    name: by.name,
    callers: started.map(({ caller }) => caller),
    ports: started.map(({ port }) => port),
    authority: AUTHORITY,
    world: undefined,
    admin: (path) => Promise.all(started.map((sidecar) => sidecar.admin(path))),
    stop: async () => {
      await Promise.all(started.map(({ stop }) => stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startStatic(base: string, ports: readonly number[], by: HandWritten) {
  const port = await freePort();
  writeFileSync(`${base}.json`, JSON.stringify(staticEnvoy(port, ports, by)));
  const adminFile = `${base}.admin`;
  const fixed = ['--use-dynamic-base-id', '--concurrency', '1', '-l', 'error'];
  const args = ['-c', `${base}.json`, '--admin-address-path', adminFile, ...fixed];
  const child = spawn(findTool('envoy').path, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  endsWithUs(child);
  await until('Envoy is ready', async () => {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}`);
    return isReady(adminFile);
  });
  const caller = new Caller(port);
  return {
    caller,
    port,
    admin: async (path: string) => (await fetch(`http://${readFileSync(adminFile, 'utf8')}${path}`)).text(),
    stop: async () => {
      caller.close();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function isReady(adminFile: string): Promise<boolean> {
  try {
    const address = readFileSync(adminFile, 'utf8');
    return address !== '' && (await (await fetch(`http://${address}/ready`)).text()).startsWith('LIVE');
  } catch {
    return false;
  }
}
