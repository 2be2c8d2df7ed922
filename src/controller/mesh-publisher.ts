import type { Acknowledgement, NodeIdentity } from '../core/delta/facts.ts';
import type { Change, Publication, Resource, ResourceKey, ViewContents } from '../core/delta/resource.ts';
import type { ServiceIr } from '../core/ir/ir.ts';
import type { NodeDescriptor } from '../core/ir/node.ts';
import { parseNodeMetadata } from '../core/translate/node-metadata.ts';
import type { NamedResource } from '../core/translate/resource.ts';
import { translateService } from '../core/translate/service.ts';
import { translateView } from '../core/translate/view.ts';

/** Where resources go: the pool of the xDS server. */
export interface ResourcePool {
  publish(change: Change): Publication;
  acknowledgement(sequence: number, keys: Iterable<ResourceKey>): Acknowledgement;
}

/** Encodes a resource for the pool, once. */
export type Encode = (resource: NamedResource) => Resource;

interface KnownView {
  readonly node: NodeDescriptor;
  /** What it was last told, as text: equal text is no change. */
  readonly contents: string;
}

/**
 * Keeps the pool equal to the representation: translates the services that changed, and nothing else, and
 * the views when services or versions come and go.
 */
export class MeshPublisher {
  readonly #pool: ResourcePool;
  readonly #encode: Encode;
  readonly #onFailure: (service: string, error: unknown) => void;
  #services: ReadonlyMap<string, ServiceIr> = new Map();
  readonly #texts = new Map<string, string>();
  readonly #resources = new Map<string, ReadonlyMap<string, Resource>>();
  readonly #views = new Map<string, KnownView>();
  #structure = '';

  /** @param onFailure told of a service that cannot be translated, once for each attempt with other content */
  constructor(pool: ResourcePool, encode: Encode, onFailure: (service: string, error: unknown) => void) {
    this.#pool = pool;
    this.#encode = encode;
    this.#onFailure = onFailure;
  }

  /** The services as last published. */
  get services(): ReadonlyMap<string, ServiceIr> {
    return this.#services;
  }

  /**
   * Publishes these services, and no others, in one change.
   * @returns what it came to; equal services are no change
   */
  publish(services: ReadonlyMap<string, ServiceIr>): Publication {
    this.#services = services;
    const upsert: Resource[] = [];
    const remove: ResourceKey[] = [];
    for (const [id, service] of services) {
      const text = JSON.stringify(service);
      if (this.#texts.get(id) === text) continue;
      this.#texts.set(id, text);
      const resources = this.#translate(service);
      if (resources !== undefined) this.#replace(id, resources, upsert, remove);
    }
    for (const id of [...this.#texts.keys()]) {
      if (services.has(id)) continue;
      this.#texts.delete(id);
      this.#replace(id, [], upsert, remove);
    }
    // Views tell names only: most publications change none, and there may be thousands of views.
    const structure = structureOf(services);
    const views = structure === this.#structure ? [] : this.#changedViews(upsert);
    this.#structure = structure;
    return this.#pool.publish({ upsert, remove, views });
  }

  /**
   * The view of a node, published if it is the first of its kind.
   * @returns its key, or one line that says why the node is not served
   */
  viewOf(node: NodeIdentity): { readonly key: string } | { readonly refused: string } {
    const descriptor = parseNodeMetadata(node.metadata);
    if (typeof descriptor === 'string') return { refused: descriptor };
    const key = JSON.stringify(descriptor);
    if (!this.#views.has(key)) {
      this.#views.set(key, { node: descriptor, contents: '' });
      const upsert: Resource[] = [];
      this.#pool.publish({ views: this.#changedViews(upsert), upsert });
    }
    return { key };
  }

  acknowledgement(sequence: number, keys: Iterable<ResourceKey>): Acknowledgement {
    return this.#pool.acknowledgement(sequence, keys);
  }

  /** Undefined when it cannot be translated: what was published of it stays, and the others go on. */
  #translate(service: ServiceIr): readonly Resource[] | undefined {
    try {
      return translateService(service).map(this.#encode);
    } catch (error) {
      this.#onFailure(service.id, error);
      return undefined;
    }
  }

  #replace(id: string, next: readonly Resource[], upsert: Resource[], remove: ResourceKey[]): void {
    const before = this.#resources.get(id) ?? new Map<string, Resource>();
    const after = new Map(next.map((each) => [keyOf(each), each]));
    for (const [key, each] of after) if (before.get(key)?.version !== each.version) upsert.push(each);
    for (const [key, each] of before)
      if (!after.has(key)) remove.push({ typeUrl: each.typeUrl, name: each.name });
    if (after.size === 0) this.#resources.delete(id);
    else this.#resources.set(id, after);
  }

  /** Contents of the views that differ from what was told; their own resources are added to `upsert`. */
  #changedViews(upsert: Resource[]): (readonly [string, ViewContents])[] {
    const changed: (readonly [string, ViewContents])[] = [];
    const services = [...this.#services.values()];
    for (const [key, { node, contents }] of this.#views) {
      const view = translateView(node, services);
      const text = JSON.stringify(view.contents);
      if (text === contents) continue;
      this.#views.set(key, { node, contents: text });
      upsert.push(...view.own.map(this.#encode));
      changed.push([key, view.contents]);
    }
    return changed;
  }
}

/** All that the contents of a view depend on. */
function structureOf(services: ReadonlyMap<string, ServiceIr>): string {
  return JSON.stringify(
    [...services.values()].map(({ id, hosts, port, versions }) => [
      id,
      hosts,
      port,
      versions.map(({ name }) => name),
    ]),
  );
}

function keyOf({ typeUrl, name }: ResourceKey): string {
  return `${typeUrl} ${name}`;
}
