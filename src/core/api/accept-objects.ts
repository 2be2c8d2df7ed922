import type { ApiObject } from './kinds.ts';
import { keyOf } from './object-set.ts';
import { parseObject } from './parse.ts';
import { type Finding, pathText } from './problem.ts';
import { validateSet } from './validate-set.ts';

/** An object as it is wanted now, valid by itself or not. */
export interface Candidate {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Undefined: it is not valid by itself. */
  readonly object: ApiObject | undefined;
  /** What is wrong with its fields; warnings may be among them. */
  readonly findings: readonly Finding[];
}

/** What is said of one object. */
export interface Verdict {
  /** `wanted`: as it stands now; `previous`: as it stood when it was valid last; `none`: not at all. */
  readonly inForce: 'wanted' | 'previous' | 'none';
  readonly findings: readonly Finding[];
}

export interface Acceptance {
  readonly objects: readonly ApiObject[];
  /** By `KIND/NAMESPACE/NAME`. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** Reads one object, such as one that Kubernetes hands over, as a candidate. */
export function candidateOf(value: {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string };
}): Candidate {
  const parsed = parseObject(value);
  const { kind, metadata } = value;
  return {
    kind,
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    object: 'object' in parsed ? parsed.object : undefined,
    findings: 'findings' in parsed ? parsed.findings : [],
  };
}

/**
 * Which objects of many owners may be in force together. One that is not valid, by itself or beside the others,
 * leaves its last valid form in force, and does not hold up the rest. Of two that exclude each other the one that
 * was in force goes first, then the one that is given first.
 *
 * @param previous what was in force before, by `KIND/NAMESPACE/NAME`
 */
export function acceptObjects(
  candidates: readonly Candidate[],
  previous: ReadonlyMap<string, ApiObject>,
): Acceptance {
  const keys = candidates.map((each) => keyOf(each.kind, each));
  const findings = new Map(keys.map((key, index) => [key, [...(candidates[index]?.findings ?? [])]]));
  const chosen = new Map<string, { readonly object: ApiObject; readonly inForce: 'wanted' | 'previous' }>();
  for (const [index, { object }] of candidates.entries()) {
    const key = keys[index] ?? '';
    const before = previous.get(key);
    if (object !== undefined) chosen.set(key, { object, inForce: 'wanted' });
    else if (before !== undefined) chosen.set(key, { object: before, inForce: 'previous' });
  }
  // Each round takes at least one form away, and there are two of each object.
  for (let changed = true; changed; ) {
    changed = false;
    // What was in force as it stands has the oldest right, then what was in force otherwise.
    const order = [...chosen.keys()].sort((a, b) => rank(a) - rank(b));
    const objects = order.flatMap((key) => chosen.get(key)?.object ?? []);
    const elsewhere = { invalid: candidates.filter((_, index) => !chosen.has(keys[index] ?? '')) };
    for (const { index, finding } of validateSet(objects, elsewhere)) {
      const key = order[index] ?? '';
      const now = chosen.get(key);
      if (now === undefined) continue;
      if (now.inForce === 'wanted' || finding.severity === 'error') note(findings.get(key), finding);
      if (finding.severity === 'warning') continue;
      const before = previous.get(key);
      changed = true;
      if (now.inForce === 'wanted' && before !== undefined && before !== now.object)
        chosen.set(key, { object: before, inForce: 'previous' });
      else chosen.delete(key);
    }
  }
  return {
    objects: keys.flatMap((key) => chosen.get(key)?.object ?? []),
    verdicts: new Map(
      keys.map((key) => [
        key,
        { inForce: chosen.get(key)?.inForce ?? 'none', findings: findings.get(key) ?? [] },
      ]),
    ),
  };

  function rank(key: string): number {
    if (!previous.has(key)) return 2;
    return previous.get(key) === chosen.get(key)?.object ? 0 : 1;
  }
}

function note(findings: Finding[] | undefined, finding: Finding): void {
  if (findings === undefined || findings.some((each) => findingText(each) === findingText(finding))) return;
  findings.push(finding);
}

/** `spec.stable: what is wrong; what would be right`. */
export function findingText({ path, message, hint }: Finding): string {
  return `${pathText(path)}: ${message}; ${hint}`;
}
