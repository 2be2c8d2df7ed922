import type { Resource, ResourceKey } from '../core/delta/resource.ts';

/** What the pool is to be told. */
export interface PoolEdits {
  readonly upsert: Resource[];
  readonly remove: ResourceKey[];
}

/**
 * Which service owns which resource. Names are unique over the whole pool; where two services claim one (a host
 * that both have), the one that came first keeps it, and the other gets it when that one goes.
 */
export class ResourceClaims {
  /** By key, then by service, the owner first. */
  readonly #claims = new Map<string, Map<string, Resource>>();
  readonly #byService = new Map<string, ReadonlySet<string>>();

  /** A service has these resources now and no others; what that means for the pool is added to `edits`. */
  replace(service: string, next: readonly Resource[], edits: PoolEdits): void {
    const keys = new Set(next.map(keyOf));
    for (const key of this.#byService.get(service) ?? []) if (!keys.has(key)) this.#drop(service, key, edits);
    for (const resource of next) this.#claim(service, resource, edits);
    if (keys.size === 0) this.#byService.delete(service);
    else this.#byService.set(service, keys);
  }

  #claim(service: string, resource: Resource, { upsert }: PoolEdits): void {
    const key = keyOf(resource);
    const claims = this.#claims.get(key) ?? new Map<string, Resource>();
    const before = claims.get(service);
    claims.set(service, resource);
    this.#claims.set(key, claims);
    if (ownerOf(claims) === service && before?.version !== resource.version) upsert.push(resource);
  }

  #drop(service: string, key: string, { upsert, remove }: PoolEdits): void {
    const claims = this.#claims.get(key);
    const dropped = claims?.get(service);
    if (claims === undefined || dropped === undefined) return;
    const owned = ownerOf(claims) === service;
    claims.delete(service);
    const [heir] = claims.values();
    if (owned && heir !== undefined) upsert.push(heir);
    if (heir !== undefined) return;
    this.#claims.delete(key);
    remove.push({ typeUrl: dropped.typeUrl, name: dropped.name });
  }
}

function ownerOf(claims: ReadonlyMap<string, Resource>): string | undefined {
  return claims.keys().next().value;
}

function keyOf({ typeUrl, name }: ResourceKey): string {
  return `${typeUrl} ${name}`;
}
