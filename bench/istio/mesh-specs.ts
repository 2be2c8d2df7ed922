/** The port of every service, and so the name of the one route configuration of Istio's sidecars. */
const PORT = 9000;
export const ROUTE = `${PORT}`;
const HOST = 'fraud.ml.svc.cluster.local';

/** What istiod is told: this many services, and one more in two versions. */
export function meshObjects(services: number): readonly object[] {
  return [
    ...names(services).map((name, index) => serviceEntry(name, index)),
    serviceEntry('fraud', services),
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'fraud', namespace: 'ml' },
      spec: {
        host: HOST,
        subsets: ['v1', 'v2'].map((version) => ({ name: version, labels: { version } })),
      },
    },
  ];
}

/** The weights of a round, by a route whose name tells the round. */
export function virtualService(round: number): object {
  const to = (subset: string, weight: number) => ({ destination: { host: HOST, subset }, weight });
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'fraud', namespace: 'ml' },
    spec: {
      hosts: [HOST],
      http: [{ name: `weights-${round}.`, route: [to('v1', 99 - round), to('v2', round + 1)] }],
    },
  };
}

/** The same weights as they are written for pods that know no runtime layer. */
export function envoyFilter(round: number): object {
  const cluster = (version: string, weight: number) => ({
    name: `outbound|${PORT}|${version}|${HOST}`,
    weight,
  });
  const clusters = [cluster('v1', 99 - round), cluster('v2', round + 1)];
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'fraud', namespace: 'ml' },
    spec: {
      configPatches: [
        {
          applyTo: 'HTTP_ROUTE',
          match: {
            context: 'SIDECAR_OUTBOUND',
            routeConfiguration: { vhost: { name: `${HOST}:${PORT}` } },
          },
          patch: {
            operation: 'INSERT_FIRST',
            value: {
              name: `weights-${round}.`,
              match: { prefix: '/' },
              route: { weighted_clusters: { clusters } },
            },
          },
        },
      ],
    },
  };
}

/** The same services as Penstock is told of them; people promote the one with two versions, percent by percent. */
export function modelSpecs(services: number, rounds: number): string {
  const steps = Array.from({ length: rounds + 2 }, (_, round) => `{setWeight: ${round + 1}}, {pause: {}}`);
  return [
    ...names(services).map((name, index) => modelService(name, [`v1, ${address(index, 1)}`])),
    modelService('fraud', [`v1, ${address(services, 1)}`, `v2, ${address(services, 2)}`]),
    `apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2, namespace: ml}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [${steps.join(', ')}, {setWeight: 100}]}
`,
  ].join('---\n');
}

function names(services: number): readonly string[] {
  return Array.from({ length: services }, (_, index) => `model-${index}`);
}

/** An address of a pod; nothing listens there. */
function address(index: number, version: number): string {
  return `10.${version}.${Math.floor(index / 250)}.${(index % 250) + 1}`;
}

function serviceEntry(name: string, index: number): object {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name, namespace: 'ml' },
    spec: {
      hosts: [`${name}.ml.svc.cluster.local`],
      // As every Service of Kubernetes has one.
      addresses: [address(index, 100)],
      location: 'MESH_INTERNAL',
      resolution: 'STATIC',
      ports: [{ number: PORT, name: 'grpc', protocol: 'GRPC' }],
      endpoints: [1, 2].map((version) => ({
        address: address(index, version),
        labels: { version: `v${version}` },
      })),
    },
  };
}

function modelService(name: string, versions: readonly string[]): string {
  const lines = versions.map((given) => {
    const [version, ip] = given.split(', ');
    return `  - {name: ${version}, endpoints: {static: [{address: ${ip}, port: ${PORT}}]}}`;
  });
  return `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: ${name}, namespace: ml}
spec:
  port: ${PORT}
  versions:
${lines.join('\n')}
`;
}
