import type { ControllerStatus } from '../core/status/status.ts';
import type { ControlPlane } from './control-plane.ts';
import {
  type Change,
  COLLECTION_NAMES,
  type CollectionName,
  type Collections,
  keyOf,
  type Snapshot,
} from './wire.ts';

/** So many of the newest decisions go with a snapshot; older ones are read by the page. */
const SNAPSHOT_DECISIONS = 200;

/** Everything that the control plane says now; `at` is the server's clock in ms. */
export function takeSnapshot(controlPlane: ControlPlane, at: number): Snapshot {
  return {
    at,
    status: controlPlane.status(),
    services: controlPlane.services(),
    rollouts: controlPlane.rollouts(),
    breakers: controlPlane.breakers(),
    limits: controlPlane.limits(),
    sidecars: controlPlane.sidecars(),
    decisions: controlPlane.decisions({ limit: SNAPSHOT_DECISIONS }),
  };
}

/** A snapshot's values as JSON by key: what the next one is compared with. */
export interface Fingerprint {
  readonly status: string;
  readonly collections: { readonly [Name in CollectionName]: ReadonlyMap<string, string> };
}

/** Reduces a snapshot to what `diff` compares. */
export function fingerprint(snapshot: Snapshot): Fingerprint {
  return {
    status: JSON.stringify(snapshot.status),
    collections: {
      services: index('services', snapshot.services),
      rollouts: index('rollouts', snapshot.rollouts),
      breakers: index('breakers', snapshot.breakers),
      limits: index('limits', snapshot.limits),
      sidecars: index('sidecars', snapshot.sidecars),
      decisions: index('decisions', snapshot.decisions),
    },
  };
}

/** The snapshot as JSON, put together from what `fingerprint` already wrote. */
export function snapshotJson(at: number, { status, collections }: Fingerprint): string {
  const lists = COLLECTION_NAMES.map((name) => `"${name}":[${[...collections[name].values()].join(',')}]`);
  return `{"at":${at},"status":${status},${lists.join(',')}}`;
}

/** What is different in `next`; undefined where nothing is. Decisions that left the window are not `gone`. */
export function diff(before: Fingerprint, next: Snapshot, after: Fingerprint): Change | undefined {
  const parts: Record<string, unknown> = {};
  if (before.status !== after.status) parts.status = next.status satisfies ControllerStatus;
  for (const name of COLLECTION_NAMES) {
    const was = before.collections[name];
    const is = after.collections[name];
    const items: readonly Collections[typeof name][] = next[name];
    const set = items.filter((item) => {
      const key = keyOf<CollectionName>(name, item);
      return was.get(key) !== is.get(key);
    });
    const gone = name === 'decisions' ? [] : [...was.keys()].filter((key) => !is.has(key));
    if (set.length + gone.length > 0) parts[name] = { set, gone };
  }
  return Object.keys(parts).length === 0 ? undefined : { at: next.at, ...parts };
}

function index<Name extends CollectionName>(
  name: Name,
  items: readonly Collections[Name][],
): Map<string, string> {
  return new Map(items.map((item) => [keyOf(name, item), JSON.stringify(item)]));
}
