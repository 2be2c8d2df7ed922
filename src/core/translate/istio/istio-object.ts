/** An object of Istio's or Kubernetes' API, as it is written in YAML. */
export interface IstioObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly apiVersion: string;
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
    }[];
  };
  readonly [field: string]: unknown;
}

/** Label of everything that Penstock makes; what carries it is ours to change and to remove. */
export const OWNER_LABEL = 'app.kubernetes.io/managed-by';
export const OWNER = 'penstock';
/** Label: the ModelService that an object belongs to, `NAME.NAMESPACE`. */
const SERVICE_LABEL = 'penstock.dev/service';

const NETWORKING = 'networking.istio.io/v1';
const ENVOY_FILTERS = 'networking.istio.io/v1alpha3';

/** Whether Penstock made this object. */
export function isOurs({ metadata }: Pick<IstioObject, 'metadata'>): boolean {
  return metadata.labels?.[OWNER_LABEL] === OWNER;
}

/** `KIND/NAMESPACE/NAME` */
export function objectName({ kind, metadata }: IstioObject): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}

/** The service (`NAMESPACE/NAME`) that an object of ours belongs to; undefined: several share it. */
export function serviceOf({ metadata }: IstioObject): string | undefined {
  return metadata.labels?.[SERVICE_LABEL]?.split('.').reverse().join('/');
}

/** `NAME.NAMESPACE` of a service `NAMESPACE/NAME`: one name for it in every namespace. */
export function dottedName(serviceId: string): string {
  return serviceId.split('/').reverse().join('.');
}

export function envoyFilter(serviceId: string, namespace: string, name: string, spec: object): IstioObject {
  return {
    apiVersion: ENVOY_FILTERS,
    kind: 'EnvoyFilter',
    metadata: owned(serviceId, namespace, name),
    spec,
  };
}

export function destinationRuleObject(
  serviceId: string,
  namespace: string,
  name: string,
  spec: object,
): IstioObject {
  return {
    apiVersion: NETWORKING,
    kind: 'DestinationRule',
    metadata: owned(serviceId, namespace, name),
    spec,
  };
}

function owned(serviceId: string, namespace: string, name: string): IstioObject['metadata'] {
  return { name, namespace, labels: { [OWNER_LABEL]: OWNER, [SERVICE_LABEL]: dottedName(serviceId) } };
}
