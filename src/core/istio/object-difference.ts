import type { IstioObject } from '../translate/istio/istio-object.ts';

/** Fields that an anchor's objects are made of. */
const CONTENT = ['spec', 'data'] as const;

/**
 * Whether an object stands as it is wanted. Fields that only others set are not looked at: server-side apply leaves them
 * alone, and who would wait for them to go would write for ever.
 */
export function isInPlace(wanted: IstioObject, found: IstioObject): boolean {
  const labels = wanted.metadata.labels ?? {};
  return (
    CONTENT.every((field) => contains(found[field], wanted[field])) &&
    contains(found.metadata.labels ?? {}, labels) &&
    ownersOf(wanted).join() === ownersOf(found).join()
  );
}

/** Paths of what others have added to an object of ours: `spec.workloadSelector`. */
export function fieldsOfOthers(wanted: IstioObject, found: IstioObject): readonly string[] {
  return CONTENT.flatMap((field) => additions(found[field], wanted[field], field));
}

/** Objects of our kinds that own this one; others' owners are theirs. */
function ownersOf({ metadata }: IstioObject): readonly string[] {
  const owners = metadata.ownerReferences ?? [];
  return owners
    .filter(({ kind }) => kind === 'ModelService')
    .map(({ uid }) => uid)
    .toSorted();
}

/** Lists are wanted as a whole: Istio's definitions do not merge them. */
function contains(found: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  if (Array.isArray(wanted))
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((each, index) => contains(found[index], each))
    );
  if (isRecord(wanted))
    return isRecord(found) && Object.entries(wanted).every(([name, value]) => contains(found[name], value));
  return found === wanted;
}

function additions(found: unknown, wanted: unknown, path: string): readonly string[] {
  if (!isRecord(found)) return [];
  return Object.entries(found).flatMap(([name, value]) => {
    const own = isRecord(wanted) ? wanted[name] : undefined;
    const at = `${path}.${name}`;
    return own === undefined ? [at] : additions(value, own, at);
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
