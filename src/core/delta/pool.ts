import type { Resource, ResourceKey, ResourceVersion } from './resource.ts';
import type { TypeUrl } from './type-urls.ts';

interface Entry {
  readonly resource: Resource;
  /** The publication in which it last changed. */
  readonly changedAt: number;
  /** The publication since which it exists. */
  readonly createdAt: number;
}

/** All resources that exist, by type and name. */
export class ResourcePool {
  readonly #types = new Map<TypeUrl, Map<string, Entry>>();

  /** Those that expire, by type and name. */
  readonly #expiring = new Map<string, Resource>();

  get(typeUrl: TypeUrl, name: string): Resource | undefined {
    return this.#types.get(typeUrl)?.get(name)?.resource;
  }

  changedAt(key: ResourceKey): number | undefined {
    return this.#types.get(key.typeUrl)?.get(key.name)?.changedAt;
  }

  /** The publication since which a resource exists; undefined when it does not. */
  createdAt(key: ResourceKey): number | undefined {
    return this.#types.get(key.typeUrl)?.get(key.name)?.createdAt;
  }

  /** Puts a resource in its place; false where its content is there already. */
  put(resource: Resource, sequence: number): boolean {
    let names = this.#types.get(resource.typeUrl);
    if (!names) {
      names = new Map();
      this.#types.set(resource.typeUrl, names);
    }
    const before = names.get(resource.name);
    if (before?.resource.version === resource.version) return false;
    names.set(resource.name, { resource, changedAt: sequence, createdAt: before?.createdAt ?? sequence });
    if (resource.ttlMs !== undefined) this.#expiring.set(idOf(resource), resource);
    else if (this.#expiring.size > 0) this.#expiring.delete(idOf(resource));
    return true;
  }

  delete(key: ResourceKey): boolean {
    this.#expiring.delete(idOf(key));
    return this.#types.get(key.typeUrl)?.delete(key.name) ?? false;
  }

  *all(): Generator<Resource> {
    for (const names of this.#types.values()) for (const { resource } of names.values()) yield resource;
  }

  expiring(): IteratorObject<Resource> {
    return this.#expiring.values();
  }

  versions(): ResourceVersion[] {
    return Array.from(this.all(), ({ typeUrl, name, version }) => ({ typeUrl, name, version }));
  }

  counts(): Map<TypeUrl, number> {
    return new Map([...this.#types].map(([typeUrl, names]) => [typeUrl, names.size]));
  }
}

function idOf({ typeUrl, name }: ResourceKey): string {
  return `${typeUrl} ${name}`;
}
