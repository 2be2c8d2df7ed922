import type { ResourcePool } from './pool.ts';
import type { Change, Resource, ResourceKey } from './resource.ts';

/** The change that leads from a pool to exactly these resources. */
export function changeTo(pool: ResourcePool, resources: Iterable<Resource>): Change {
  const upsert: Resource[] = [];
  const kept = new Set<string>();
  for (const resource of resources) {
    kept.add(`${resource.typeUrl} ${resource.name}`);
    upsert.push(resource);
  }
  const remove: ResourceKey[] = [];
  for (const { typeUrl, name } of pool.all()) {
    if (!kept.has(`${typeUrl} ${name}`)) remove.push({ typeUrl, name });
  }
  return { upsert, remove };
}
