/** A kind of the cluster that matters to anchors. */
export interface IstioKind {
  readonly kind: string;
  readonly apiVersion: string;
  readonly plural: string;
  /** Whether the cluster may do without it. */
  readonly optional: boolean;
  /** Only those of this name. */
  readonly named?: string;
}

const NETWORKING = 'networking.istio.io';
const GATEWAY = 'gateway.networking.k8s.io';
/** Istio's namespaced kinds that speak of routes, and what anchors are made of. */
export const ISTIO_KINDS: readonly IstioKind[] = [
  istio('EnvoyFilter', 'v1alpha3', 'envoyfilters'),
  istio('DestinationRule', 'v1', 'destinationrules'),
  istio('VirtualService', 'v1', 'virtualservices'),
  { kind: 'HTTPRoute', apiVersion: `${GATEWAY}/v1`, plural: 'httproutes', optional: true },
  { kind: 'GRPCRoute', apiVersion: `${GATEWAY}/v1`, plural: 'grpcroutes', optional: true },
];

function istio(kind: string, version: string, plural: string): IstioKind {
  return { kind, apiVersion: `${NETWORKING}/${version}`, plural, optional: false };
}

/** Where objects of a kind are found: of all namespaces or of one. */
export function pathOfKind({ apiVersion, plural }: IstioKind, namespace?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}`;
}
