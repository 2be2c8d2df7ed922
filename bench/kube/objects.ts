/** `service-0042` */
export function nameOf(index: number): string {
  return `service-${String(index).padStart(4, '0')}`;
}

/** A service of one version, whose endpoints are those of a Service of the same name. */
export function modelService(index: number): object {
  const name = nameOf(index);
  return {
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelService',
    metadata: { name },
    spec: {
      hosts: [`${name}.default.svc.cluster.local`],
      port: 9000,
      versions: [{ name: 'v1', endpoints: { kubernetes: { service: name } } }],
    },
  };
}

/** @param moved what the last byte of every address is moved by */
export function endpointSlice(index: number, count: number, moved = 0): object {
  const name = nameOf(index);
  const [high, low] = [index >> 8, index & 255];
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'grpc', port: 9000, protocol: 'TCP' }],
    endpoints: Array.from({ length: count }, (_, position) => ({
      addresses: [`10.${high}.${low}.${position + 1 + moved * 100}`],
      conditions: { ready: true, serving: true, terminating: false },
      zone: position % 2 === 0 ? 'a' : 'b',
    })),
  };
}
