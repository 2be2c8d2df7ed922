import type { AnchorIr } from '../ir/anchor.ts';
import type { AnchoredGateway } from '../translate/istio/anchored-gateway.ts';
import { primaryHost } from '../translate/istio/istio-names.ts';
import { type IstioObject, isOurs, objectName, serviceOf } from '../translate/istio/istio-object.ts';
import { claimsHost } from './host-claims.ts';

/** Somebody else's object that speaks of the same traffic as the anchor of a service. */
export interface Conflict {
  /** `VirtualService/ml/fraud`: how it is named on the command line. */
  readonly object: string;
  /** `NAMESPACE/NAME`; an object that several services share is in the way of each of them. */
  readonly service: string;
  /** What would happen with both. */
  readonly problem: string;
  /** What it means to adopt it; undefined: it cannot be adopted. */
  readonly adopting: string | undefined;
}

/**
 * What stands in the way of these anchors. Objects that Penstock made are nobody else's.
 *
 * @param planned the objects of the anchors, whose names must be free
 * @param gateways those whose routes are anchored too
 */
export function findConflicts(
  anchors: readonly AnchorIr[],
  planned: readonly IstioObject[],
  existing: readonly IstioObject[],
  gateways: readonly AnchoredGateway[] = [],
): readonly Conflict[] {
  const ports = gateways.map(({ port }) => port);
  const names = new Map(planned.map((object) => [objectName(object), object]));
  return existing
    .filter((object) => !isOurs(object))
    .flatMap((object) => {
      const taken = names.get(objectName(object));
      if (taken !== undefined) return takenName(taken, planned);
      return anchors.flatMap((anchor) => conflictWith(anchor, object, ports) ?? []);
    });
}

/** Services whose clusters come of an adopted DestinationRule: ours is left out. */
export function adoptedRules(
  conflicts: readonly Conflict[],
  adopted: ReadonlySet<string>,
): ReadonlySet<string> {
  const rules = conflicts.filter(
    ({ object }) => object.startsWith('DestinationRule/') && adopted.has(object),
  );
  return new Set(rules.map(({ service }) => service));
}

/** What is in the way for ever, or has not been adopted. */
export function refusedConflicts(
  conflicts: readonly Conflict[],
  adopted: ReadonlySet<string>,
): readonly Conflict[] {
  return conflicts.filter(({ object, adopting }) => adopting === undefined || !adopted.has(object));
}

/** One line for people. @param choice how one says that it is to be adopted: `--adopt VirtualService/ml/theirs` */
export function inTheWay({ object, service, problem, adopting }: Conflict, choice: string): string {
  const remedy = adopting === undefined ? 'remove or change it' : `remove it, or ${choice}: ${adopting}`;
  return `${object} is in the way of ${service}: ${problem}; ${remedy}`;
}

/** An object that services share is needed by all that have another one in its namespace. */
function takenName(taken: IstioObject, planned: readonly IstioObject[]): readonly Conflict[] {
  const own = serviceOf(taken);
  const { namespace } = taken.metadata;
  const there = planned.filter((object) => object.metadata.namespace === namespace);
  const services = own === undefined ? there.flatMap((object) => serviceOf(object) ?? []) : [own];
  return [...new Set(services)].map((service) => ({
    object: objectName(taken),
    service,
    problem: 'somebody else made an object of this name, which applying the anchor would replace',
    adopting: undefined,
  }));
}

function conflictWith(
  anchor: AnchorIr,
  object: IstioObject,
  gatewayPorts: readonly number[],
): Conflict | undefined {
  const { service } = anchor;
  const host = service.hosts.find((each) => claimsHost(object, each, service.port, gatewayPorts));
  if (host === undefined) return undefined;
  const of = { object: objectName(object), service: service.id };
  switch (object.kind) {
    case 'VirtualService':
    case 'HTTPRoute':
    case 'GRPCRoute':
      return {
        ...of,
        problem: `it routes ${host} as well; of the two only Penstock's routes would be reached`,
        adopting: "its routes stay and are not reached: Penstock's stand before them",
      };
    case 'DestinationRule':
      return ruleConflict(anchor, object, of);
    case 'EnvoyFilter':
      return {
        ...of,
        problem: `it patches routes or clusters of ${host}; which of the two wins depends on their age`,
        adopting: 'both patch; what comes of it is for you to see to',
      };
    default:
      return undefined;
  }
}

function ruleConflict(
  { service }: AnchorIr,
  object: IstioObject,
  of: Pick<Conflict, 'object' | 'service'>,
): Conflict {
  const { subsets = [] } = (object.spec ?? {}) as {
    readonly subsets?: readonly { readonly name?: unknown }[];
  };
  const missing = service.versions.filter(({ name }) => !subsets.some((subset) => subset.name === name));
  const problem = `it has settings of ${primaryHost(service)} too; istiod takes those of the older one`;
  if (missing.length === 0)
    return { ...of, problem, adopting: 'its subsets and settings are used, and Penstock makes none' };
  const names = missing.map(({ name }) => name).join(', ');
  return {
    ...of,
    problem: `${problem}. To be adopted it needs the subsets ${names}`,
    adopting: undefined,
  };
}
