import type { ApiObject, Kind } from './kinds.ts';
import type { ModelService } from './model-service.ts';
import { nearest } from './nearest.ts';
import { error, type FieldPath, type Finding } from './problem.ts';
import { quote } from './quote.ts';

type Name = { readonly kind: string; readonly namespace: string; readonly name: string };

/** What else is known to exist, beside the valid objects. */
export type Elsewhere = {
  /** Objects that are there but could not be read: a reference to them is not an error. */
  readonly invalid?: readonly Name[];
  /** False when nothing can be said to be missing. */
  readonly complete?: boolean;
};

/** All objects together, to look references up. */
export type ObjectSet = {
  readonly objects: readonly ApiObject[];
  find<K extends Kind>(kind: K, namespace: string, name: string): Extract<ApiObject, { kind: K }> | undefined;
  /** Whether a reference that leads nowhere is certainly an error. */
  isMissing(kind: Kind, namespace: string, name: string): boolean;
  namesOf(kind: Kind, namespace: string): readonly string[];
};

export function objectSet(objects: readonly ApiObject[], elsewhere: Elsewhere = {}): ObjectSet {
  const byName = new Map(objects.map((object) => [keyOf(object.kind, object.metadata), object]));
  const invalid = new Set((elsewhere.invalid ?? []).map((name) => keyOf(name.kind, name)));
  const find = <K extends Kind>(kind: K, namespace: string, name: string) =>
    byName.get(keyOf(kind, { namespace, name })) as Extract<ApiObject, { kind: K }> | undefined;
  return {
    objects,
    find,
    isMissing: (kind, namespace, name) => {
      const key = keyOf(kind, { namespace, name });
      return elsewhere.complete !== false && !byName.has(key) && !invalid.has(key);
    },
    namesOf: (kind, namespace) =>
      objects
        .filter((it) => it.kind === kind && it.metadata.namespace === namespace)
        .map((it) => it.metadata.name),
  };
}

/** The identity of an object among all: kind, namespace, name. */
export function keyOf(kind: string, { namespace, name }: { namespace: string; name: string }): string {
  return `${kind}/${namespace}/${name}`;
}

/** `what is wrong; what would be right` for a reference to an object that is not there. */
export function missingObject(set: ObjectSet, kind: Kind, namespace: string, name: string): string {
  const known = set.namesOf(kind, namespace);
  return `there is no ${kind} ${quote(name)} in namespace ${quote(namespace)}; ${oneOfKnown(name, known, kind)}`;
}

/** An error when a service has no version of that name. */
export function versionFindings(service: ModelService, path: FieldPath, name: string): readonly Finding[] {
  const known = service.spec.versions.map((version) => version.name);
  if (known.includes(name)) return [];
  const wrong = `ModelService ${quote(service.metadata.name)} has no version ${quote(name)}`;
  return [error(path, `${wrong}; ${oneOfKnown(name, known, 'version')}`)];
}

/** An error at each item whose name an earlier item has already. */
export function repeatedNames(
  path: FieldPath,
  items: readonly { readonly name: string }[],
): readonly Finding[] {
  const first = new Map<string, number>();
  return items.flatMap(({ name }, index) => {
    const before = first.get(name);
    if (before === undefined) {
      first.set(name, index);
      return [];
    }
    return [
      error(
        [...path, index, 'name'],
        `${quote(name)} is the name of entry [${before}] already; a name of its own`,
      ),
    ];
  });
}

/** Says which of the known names may have been meant. */
export function oneOfKnown(name: string, known: readonly string[], what: string): string {
  const meant = nearest(name, known);
  if (meant !== undefined) return `did you mean "${meant}"`;
  return known.length === 0 ? `define the ${what} first` : `one of ${known.slice(0, 10).join(', ')}`;
}
