import { hash } from 'node:crypto';
import type { ApiObject } from '../api/kinds.ts';
import type { SpecIndex } from '../decide/spec-index.ts';
import { canonicalJson } from './canonical-json.ts';
import type { AuditAction } from './chain.ts';

/** The control plane began: with which version and which specs, as one digest. */
export function startAction(
  specs: SpecIndex,
  version: string,
  files: readonly string[],
  at: number,
): AuditAction {
  const objects = objectsOf(specs);
  return {
    at,
    actor: 'penstock',
    action: 'Started',
    subject: 'Penstock',
    why: `Penstock ${version} started with ${objects.size} objects`,
    evidence: { version, files, specs: hash('sha256', canonicalJson(Object.fromEntries(objects))) },
    before: null,
    after: null,
  };
}

/**
 * Other specs came into force: what differs, object by object.
 * @returns undefined where nothing differs
 */
export function specsAction(
  before: SpecIndex,
  after: SpecIndex,
  files: readonly string[],
  at: number,
): AuditAction | undefined {
  const [old, now] = [objectsOf(before), objectsOf(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])].sort();
  const changed = keys.filter((key) => canonicalJson(old.get(key)) !== canonicalJson(now.get(key)));
  if (changed.length === 0) return undefined;
  const only = (objects: ReadonlyMap<string, ApiObject>) =>
    Object.fromEntries(changed.flatMap((key) => (objects.has(key) ? [[key, objects.get(key)?.spec]] : [])));
  return {
    at,
    actor: 'spec files',
    action: 'SpecsInForce',
    subject: 'Specs',
    why: `edited: ${changed.join(', ')}`,
    evidence: { files },
    before: only(old),
    after: only(now),
  };
}

function objectsOf(specs: SpecIndex): ReadonlyMap<string, ApiObject> {
  const objects: readonly ApiObject[] = [
    ...specs.services.values(),
    ...specs.rollouts.values(),
    ...specs.policies.values(),
    ...specs.templates,
  ];
  return new Map(
    objects.map((object) => [`${object.kind}/${object.metadata.namespace}/${object.metadata.name}`, object]),
  );
}
