import { freePorts } from './free-port.ts';

/** One instance of a model with its inbound sidecar; all on loopback. */
export interface Instance {
  /** `v2-1`: the version and a number. */
  readonly name: string;
  readonly service: string;
  readonly version: string;
  /** The folder of the repository with the model that it serves. */
  readonly model: string;
  /** Under which name the instance serves it: the label in its metrics. */
  readonly modelVersion: string;
  /** The sidecar's port, which is the endpoint of the spec. */
  readonly port: number;
  readonly appPort: number;
  readonly httpPort: number;
  readonly envoyAdminPort: number;
}

/** A client's sidecar; its address is how the inbound sidecars know the client. */
export interface ClientSidecar {
  readonly name: string;
  readonly sourceAddress: string;
  readonly port: number;
  readonly envoyAdminPort: number;
}

/** Every port of the demo, chosen by the system. */
export interface Layout {
  readonly instances: readonly Instance[];
  readonly clients: readonly ClientSidecar[];
  readonly xdsPort: number;
  readonly adminPort: number;
  readonly prometheusPort: number;
}

export const NAMESPACE = 'demo';
export const SERVICE = 'digits';
export const FALLBACK_SERVICE = 'digits-lite';
export const AUTHORITY = `${SERVICE}.${NAMESPACE}.svc.cluster.local`;

type Versions = readonly (readonly [
  service: string,
  version: string,
  model: string,
  modelVersion: string,
  count: number,
])[];

/** v3 is v2's model made to fail, v4 answers wrongly; the fallback answers calls for the same model. */
const VERSIONS: Versions = [
  [SERVICE, 'v1', 'v1', 'v1', 2],
  [SERVICE, 'v2', 'v2', 'v2', 2],
  [SERVICE, 'v3', 'v2', 'v3', 1],
  [SERVICE, 'v4', 'mislabelled', 'v4', 1],
  [FALLBACK_SERVICE, 'v1', 'v1', 'lite', 1],
];

/** Chooses the ports of a demo. */
export async function chooseLayout(): Promise<Layout> {
  const wanted = VERSIONS.flatMap(([service, version, model, modelVersion, count]) =>
    Array.from({ length: count }, (_, i) => ({
      service,
      version,
      model,
      modelVersion,
      name: `${service === SERVICE ? version : 'lite'}-${i + 1}`,
    })),
  );
  const clients = [
    { name: 'users', sourceAddress: '127.0.0.1' },
    { name: 'greedy', sourceAddress: '127.0.0.66' },
  ];
  const ports = [...(await freePorts(wanted.length * 4 + clients.length * 2 + 3))];
  const next = (): number => ports.pop() ?? 0;
  return {
    instances: wanted.map((each) => ({
      ...each,
      port: next(),
      appPort: next(),
      httpPort: next(),
      envoyAdminPort: next(),
    })),
    clients: clients.map((each) => ({ ...each, port: next(), envoyAdminPort: next() })),
    xdsPort: next(),
    adminPort: next(),
    prometheusPort: next(),
  };
}
