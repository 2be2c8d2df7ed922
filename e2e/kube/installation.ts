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
  const address = ownAddress();
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

/**
 * Leads the API server's proxy of the chart's Service to a port of this machine. The proxy goes to pods alone: one is
 * made that says to have this machine's address.
 * @throws as `leadServiceHere`
 */
export async function leadProxyHere(
  server: ApiServer,
  { metadata }: Manifest,
  port: { readonly name: string; readonly number: number },
): Promise<void> {
  const ip = ownAddress();
  const { name, namespace = 'default' } = metadata;
  const pod = { kind: 'Pod', namespace, name: `${name}-0` };
  const containers = [{ name, image: name }];
  await server.apply(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: pod.name, namespace },
      spec: { containers },
    }),
  );
  const status = JSON.stringify({ status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] } });
  const patch = [
    'patch',
    'pod',
    pod.name,
    '-n',
    namespace,
    '--subresource=status',
    '--type=merge',
    '-p',
    status,
  ];
  const { code, stderr } = await server.kubectl(patch);
  if (code !== 0) throw new Error(stderr);
  await server.apply(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name, namespace },
      subsets: [
        {
          addresses: [{ ip, targetRef: pod }],
          ports: [{ name: port.name, port: port.number, protocol: 'TCP' }],
        },
      ],
    }),
  );
}

function ownAddress(): string {
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const address = own.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  if (address === undefined) throw new Error('this machine has no IPv4 address but loopback; one is needed');
  return address;
}
