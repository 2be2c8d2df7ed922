import type { ApiObject } from './kinds.ts';
import { type Elsewhere, keyOf, type ObjectSet, objectSet } from './object-set.ts';
import { policyFindings } from './policy-rules.ts';
import { error, type Finding } from './problem.ts';
import { quote } from './quote.ts';
import { rolloutFindings } from './rollout-rules.ts';
import { serviceFindings } from './service-rules.ts';
import { templateFindings } from './template-rules.ts';

/** A finding about one of the objects, by its index in the list that was given. */
export type SetFinding = { readonly index: number; readonly finding: Finding };

/**
 * Judges objects that are valid by themselves: their references, and what must be unique among them.
 * @param elsewhere what exists beside these objects, so that it is not said to be missing
 * @returns all findings, in the order of the objects
 */
export function validateSet(objects: readonly ApiObject[], elsewhere: Elsewhere = {}): readonly SetFinding[] {
  const set = objectSet(objects, elsewhere);
  const repeated = repetitions(objects);
  return objects.flatMap((object, index) =>
    [...(repeated.get(index) ?? []), ...ownFindings(object, set)].map((finding) => ({ index, finding })),
  );
}

function ownFindings(object: ApiObject, set: ObjectSet): readonly Finding[] {
  switch (object.kind) {
    case 'ModelService':
      return serviceFindings(object);
    case 'ModelRollout':
      return rolloutFindings(object, set);
    case 'TrafficPolicy':
      return policyFindings(object, set);
    case 'MetricTemplate':
      return templateFindings(object);
  }
}

/** Names, hosts and targets that an earlier object has taken, by the index of the later object. */
function repetitions(objects: readonly ApiObject[]): ReadonlyMap<number, readonly Finding[]> {
  const owners = new Map<string, ApiObject>();
  return new Map(
    objects.map((object, index) => [
      index,
      claimsOf(object).flatMap(({ what, path, text }) => {
        const owner = owners.get(what);
        if (owner === undefined) {
          owners.set(what, object);
          return [];
        }
        return [error(path, text(owner))];
      }),
    ]),
  );
}

type Claim = {
  /** What only one object may have. */
  readonly what: string;
  readonly path: Finding['path'];
  readonly text: (owner: ApiObject) => string;
};

function claimsOf(object: ApiObject): readonly Claim[] {
  const { kind, metadata } = object;
  const name: Claim = {
    what: keyOf(kind, metadata),
    path: ['metadata', 'name'],
    text: () =>
      `there is another ${kind} ${quote(metadata.name)} in namespace ${quote(metadata.namespace)}; a name of its own`,
  };
  if (kind === 'ModelService') {
    const hosts = object.spec.hosts.map((host, index) => ({
      what: `host ${host}`,
      path: ['spec', 'hosts', index],
      text: (owner: ApiObject) =>
        owner === object
          ? `${quote(host)} is given twice; each host once`
          : `${quote(host)} is a host of ModelService ${quote(owner.metadata.name)} already; a host of its own`,
    }));
    return [name, ...hosts];
  }
  if (kind === 'MetricTemplate') return [name];
  const target = object.spec.targetRef.name;
  const one = kind === 'ModelRollout' ? 'rollout' : 'policy';
  const path = ['spec', 'targetRef', 'name'];
  const text = (owner: ApiObject) =>
    `ModelService ${quote(target)} has the ${one} ${quote(owner.metadata.name)} already; one ${one} a service`;
  return [name, { what: `${kind} of ${metadata.namespace}/${target}`, path, text }];
}
