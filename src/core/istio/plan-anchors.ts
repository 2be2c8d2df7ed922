import { apiVersion } from '../api/metadata.ts';
import type { AnchorIr } from '../ir/anchor.ts';
import { type AnchorOptions, anchorObjects } from '../translate/istio/anchor.ts';
import { BOOTSTRAP_NAME } from '../translate/istio/bootstrap-override.ts';
import { type IstioObject, isOurs, objectName, serviceOf } from '../translate/istio/istio-object.ts';
import { adoptedRules, type Conflict, findConflicts, inTheWay, refusedConflicts } from './conflicts.ts';
import { fieldsOfOthers, isInPlace } from './object-difference.ts';

/** A ModelService as the cluster holds it. */
export interface AnchorOwner {
  readonly uid: string;
  /** Foreign objects beside which its anchor stands by its owner's choice: `VirtualService/ml/theirs`. */
  readonly adopted: ReadonlySet<string>;
}

/** Whether the anchor of a service stands. */
export interface AnchorVerdict {
  readonly status: 'True' | 'False';
  readonly reason: 'Applied' | 'Applying' | 'Conflict' | 'FieldsOfOthers';
  readonly message: string;
}

/** What is to be done so that the cluster has the anchors that the specs ask for. */
export interface AnchorPlan {
  readonly apply: readonly IstioObject[];
  /** Of ours, and nobody asks for them any more. */
  readonly remove: readonly IstioObject[];
  /** By service, `NAMESPACE/NAME`. */
  readonly verdicts: ReadonlyMap<string, AnchorVerdict>;
}

export interface AnchorWorld {
  readonly anchors: readonly AnchorIr[];
  readonly options: AnchorOptions;
  /** All ModelServices of the cluster, also those that are not in force, by `NAMESPACE/NAME`. */
  readonly owners: ReadonlyMap<string, AnchorOwner>;
  /** What the cluster has of the kinds that matter, ours and others'. */
  readonly existing: readonly IstioObject[];
  /** The namespace of the services that are followed; undefined: all of them. Those of others stay. */
  readonly within?: string | undefined;
}

/**
 * Compares what the specs ask for with what there is. Where something of somebody else's is in the way, what stands
 * stays as it is and nothing is added: traffic does not move because of a conflict. Equal arguments give equal plans,
 * and once a plan is carried out the next one is empty.
 */
export function planAnchors(world: AnchorWorld): AnchorPlan {
  const { anchors, options, owners, existing } = world;
  const conflicts = findConflicts(anchors, anchorObjects(anchors, options), existing, options.gateways);
  const of = (id: string) => conflicts.filter((each) => each.service === id);
  const adoptedOf = (id: string) => owners.get(id)?.adopted ?? new Set<string>();
  const refused = new Map(
    anchors.map(({ service: { id } }) => [id, refusedConflicts(of(id), adoptedOf(id))] as const),
  );
  const withoutDestinationRule = new Set(
    anchors.flatMap(({ service: { id } }) => [...adoptedRules(of(id), adoptedOf(id))]),
  );
  const isRefused = (id: string | undefined) => id !== undefined && (refused.get(id)?.length ?? 0) > 0;
  const wanted = anchorObjects(anchors, { ...options, withoutDestinationRule })
    .filter((object) => !isRefused(serviceOf(object)))
    .map((object) => owned(object, owners));
  const found = new Map(existing.map((object) => [objectName(object), object]));
  const apply = wanted.filter((object) => {
    const there = found.get(objectName(object));
    return there === undefined || (isOurs(there) && !isInPlace(object, there));
  });
  const verdicts = new Map(
    anchors.map(({ service: { id } }) => {
      const own = wanted.filter((object) => serviceOf(object) === id);
      return [id, verdictOf(refused.get(id) ?? [], own, new Set(apply), found)] as const;
    }),
  );
  return { apply, remove: superfluous(world, wanted, refused), verdicts };
}

/** Ours, of a service that the cluster has no more, or of one whose anchor has another form now. */
function superfluous(
  { owners, existing, anchors, within }: AnchorWorld,
  wanted: readonly IstioObject[],
  refused: ReadonlyMap<string, readonly Conflict[]>,
): readonly IstioObject[] {
  const names = new Set(wanted.map(objectName));
  const planned = new Set(anchors.map(({ service }) => service.id));
  // One that is not in force, or in conflict, keeps what it has.
  const stays = (id: string) => owners.has(id) && (!planned.has(id) || (refused.get(id)?.length ?? 0) > 0);
  const someStay = [...owners.keys()].some(stays);
  return existing.filter((object) => {
    if (!isOurs(object) || names.has(objectName(object))) return false;
    const service = serviceOf(object);
    if (service !== undefined)
      return (within === undefined || service.startsWith(`${within}/`)) && !stays(service);
    const { name, namespace } = object.metadata;
    return name === BOOTSTRAP_NAME && !someStay && (within === undefined || within === namespace);
  });
}

function verdictOf(
  refused: readonly Conflict[],
  own: readonly IstioObject[],
  apply: ReadonlySet<IstioObject>,
  found: ReadonlyMap<string, IstioObject>,
): AnchorVerdict {
  if (refused.length > 0) {
    const lines = refused.map((conflict) =>
      inTheWay(conflict, 'name it in the annotation penstock.dev/adopt'),
    );
    return { status: 'False', reason: 'Conflict', message: lines.join('\n') };
  }
  const waiting = own.filter((object) => apply.has(object)).map(objectName);
  if (waiting.length > 0)
    return { status: 'False', reason: 'Applying', message: `to be applied: ${waiting.join(', ')}` };
  const foreign = own.flatMap((object) => {
    const there = found.get(objectName(object));
    const fields = there === undefined ? [] : fieldsOfOthers(object, there);
    return fields.length === 0 ? [] : [`${objectName(object)}: ${fields.join(', ')}`];
  });
  if (foreign.length > 0) {
    const message = `somebody added fields that change what Penstock's objects mean; remove them: ${foreign.join('; ')}`;
    return { status: 'False', reason: 'FieldsOfOthers', message };
  }
  return { status: 'True', reason: 'Applied', message: "Istio's sidecars are tied to Penstock" };
}

/** An owner in another namespace is none for Kubernetes: what stands there is removed by us alone. */
function owned(object: IstioObject, owners: ReadonlyMap<string, AnchorOwner>): IstioObject {
  const { namespace } = object.metadata;
  const service = serviceOf(object);
  const references = [...owners]
    .filter(([id]) => (service === undefined ? id.startsWith(`${namespace}/`) : id === service))
    .filter(([id]) => id.startsWith(`${namespace}/`))
    .map(([id, { uid }]) => ({
      apiVersion,
      kind: 'ModelService',
      name: id.slice(namespace.length + 1),
      uid,
    }));
  if (references.length === 0) return object;
  return { ...object, metadata: { ...object.metadata, ownerReferences: references } };
}
