import { networkInterfaces } from 'node:os';
import { parseAllDocuments } from 'yaml';
import { renderChart } from '../../tools/kubernetes/chart.ts';
import type { ApiServer } from './api-server.ts';

/** An object of a manifest. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [key: string]: unknown;
}

/** The objects that the chart is rendered to, without the definitions of our kinds. */
export function chartObjects(values: Readonly<Record<string, string>> = {}): readonly Manifest[] {
  return parseAllDocuments(renderChart(values))
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);
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
