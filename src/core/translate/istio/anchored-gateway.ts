/** The pods of a gateway whose routes follow Penstock too. */
export interface AnchoredGateway {
  readonly namespace: string;
  /** By which its pods are found, as by the `selector` of Istio's Gateway. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of the Gateway's server. */
  readonly port: number;
}

/** A part of names of objects: `gateway-80-ingressgateway`. */
export function gatewayName({ labels, port }: AnchoredGateway): string {
  const values = Object.values(labels).map((value) => value.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'));
  return ['gateway', port, ...values].join('-');
}

/**
 * Reads `NAMESPACE/LABEL=VALUE[,LABEL=VALUE]:PORT`, such as `istio-ingress/istio=ingressgateway:80`.
 * @returns undefined where it is none
 */
export function parseGateway(text: string): AnchoredGateway | undefined {
  const [, namespace, selector, digits] = /^([a-z0-9-]+)\/(.+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (namespace === undefined || selector === undefined || port < 1 || port > 65_535) return undefined;
  const pairs = selector.split(',').map((pair) => pair.split('='));
  if (pairs.some((pair) => pair.length !== 2 || pair.includes(''))) return undefined;
  return { namespace, labels: Object.fromEntries(pairs) as Record<string, string>, port };
}
