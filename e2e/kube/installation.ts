import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { cacheRoot } from '../../src/app/toolchain.ts';
import type { ApiServer } from './api-server.ts';
import { kubernetesVersion } from './programs.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const CHART = join(ROOT, 'manifests/chart');

/** The name and the namespace that the tests install by. */
export const RELEASE = { name: 'penstock', namespace: 'penstock-system' } as const;

/** An object of a manifest. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [key: string]: unknown;
}

/**
 * Where Helm stands: what `PENSTOCK_HELM` names, else in the cache.
 * @throws when it is not there, saying what would help
 */
function helmProgram(): string {
  const pins = readFileSync(join(ROOT, 'tools/versions.env'), 'utf8');
  const [, version] = /^HELM_VERSION=(\S+)$/m.exec(pins) ?? [];
  const path = process.env.PENSTOCK_HELM ?? join(cacheRoot(), `helm-${version}`, 'bin/helm');
  try {
    accessSync(path, constants.X_OK);
  } catch (cause) {
    throw new Error(`there is no ${path}; run \`tools/setup.sh helm\`, or set PENSTOCK_HELM`, { cause });
  }
  return path;
}

/** The objects that the chart is rendered to, without the definitions of our kinds. */
export async function renderChart(
  values: Readonly<Record<string, string>> = {},
): Promise<readonly Manifest[]> {
  const text = await renderText(values);
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);
}

export async function renderText(values: Readonly<Record<string, string>> = {}): Promise<string> {
  const settings = Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const { stdout } = await run(helmProgram(), [
    ...['template', RELEASE.name, CHART, '--namespace', RELEASE.namespace],
    ...['--kube-version', kubernetesVersion(), ...settings],
  ]);
  return stdout;
}

/**
 * Leads the Service of the chart to a port of this machine: behind a lone API server no pod runs.
 * @throws where the machine has no address but loopback, which Kubernetes takes for no endpoint
 */
export async function leadServiceHere(server: ApiServer, service: Manifest, port: number): Promise<void> {
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const address = own.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  if (address === undefined) throw new Error('this machine has no IPv4 address but loopback; one is needed');
  const { metadata, spec } = service;
  await server.apply(JSON.stringify({ ...service, spec: { ...(spec as object), selector: undefined } }));
  await server.apply(
    JSON.stringify({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
      addressType: 'IPv4',
      ports: [{ name: 'https-extension', port, protocol: 'TCP' }],
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    }),
  );
}
