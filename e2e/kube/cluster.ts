import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { Serve } from '../penstock-process.ts';
import { ApiServer } from './api-server.ts';

const CRDS = join(import.meta.dirname, '../../manifests/crds');

/**
 * A real API server that serves our kinds.
 * @param flags more of them for the API server
 * @param crds the folder of the definitions
 */
export async function startCluster(flags: readonly string[] = [], crds = CRDS): Promise<ApiServer> {
  const server = await ApiServer.start(flags);
  await applyKinds(server, crds);
  await waitUntil('the kinds are served', async () => {
    const path = '{.items[*].status.conditions[?(@.type=="Established")].status}';
    const { stdout } = await server.kubectl(['get', 'crds', '-o', `jsonpath=${path}`]);
    return stdout === 'True True True True';
  });
  return server;
}

/** Applies the definitions of our kinds, as an upgrade does. */
export async function applyKinds(server: ApiServer, crds = CRDS): Promise<void> {
  for (const file of readdirSync(crds)) await server.apply(readFileSync(join(crds, file), 'utf8'));
}

/** A replica of the control plane whose database is the cluster, perhaps on an address that sidecars know. */
export function startReplica(
  server: ApiServer,
  xds = '127.0.0.1:0',
  { args = [], ...version }: { readonly main?: string; readonly args?: readonly string[] } = {},
): Promise<Serve> {
  return Serve.start(['--kubernetes', '--kubeconfig', server.kubeconfig, ...args], { xds, ...version });
}

/** What kubectl prints of a path of an object; empty where there is nothing. */
export async function fieldOf(server: ApiServer, object: string, path: string): Promise<string> {
  const { stdout } = await server.kubectl(['get', object, '-o', `jsonpath={${path}}`]);
  return stdout;
}

/** Waits until a path of an object is as expected. */
export async function untilField(
  server: ApiServer,
  object: string,
  path: string,
  expected: string | RegExp,
  timeoutMs = 20_000,
): Promise<void> {
  let last = '';
  await waitUntil(
    `${object} ${path} is ${expected}`,
    async () => {
      last = await fieldOf(server, object, path);
      if (typeof expected === 'string' ? last === expected : expected.test(last)) return true;
      throw new Error(`it is ${last || 'nothing'}`);
    },
    { timeoutMs, everyMs: 200 },
  );
}

export function modelService(name: string, spec: object = {}): object {
  const versions = ['v1', 'v2'].map((version, index) => ({
    name: version,
    endpoints: { static: [{ address: '127.0.0.1', port: 9101 + index }] },
  }));
  return {
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelService',
    metadata: { name },
    spec: { hosts: [`${name}.default.svc.cluster.local`], port: 9000, versions, ...spec },
  };
}

/** One that goes up a step each time that it is promoted. */
export function modelRollout(name: string, service: string, spec: object = {}): object {
  return {
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelRollout',
    metadata: { name },
    spec: {
      targetRef: { name: service },
      stable: 'v1',
      candidate: 'v2',
      strategy: {
        steps: [{ setWeight: 5 }, { pause: {} }, { setWeight: 25 }, { pause: {} }, { setWeight: 100 }],
      },
      analysis: {
        warmUp: '0s',
        onNoData: 'Ignore',
        metrics: [{ name: 'errors', type: 'ErrorRate', maxRatio: 2 }],
      },
      ...spec,
    },
  };
}

export function yaml(...objects: readonly object[]): string {
  return objects.map((each) => JSON.stringify(each)).join('\n---\n');
}
