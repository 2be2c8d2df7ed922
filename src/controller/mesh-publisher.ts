import type { Acknowledgement, NodeIdentity } from '../core/delta/facts.ts';
import type { Change, Publication, Resource, ResourceKey, ViewContents } from '../core/delta/resource.ts';
import { TYPE_URL } from '../core/delta/type-urls.ts';
import type { ServiceIr } from '../core/ir/ir.ts';
import type { NodeDescriptor } from '../core/ir/node.ts';
import { ISTIO_LAYER } from '../core/translate/istio/istio-names.ts';
import { SHARE_SLOTS } from '../core/translate/limit-slots.ts';
import { inboundListenerName, shareSlotName } from '../core/translate/names.ts';
import { parseNodeMetadata } from '../core/translate/node-metadata.ts';
import { clustersOf } from '../core/translate/readable.ts';
import type { NamedResource } from '../core/translate/resource.ts';
import { translateService } from '../core/translate/service.ts';
import { translateView } from '../core/translate/view.ts';
import { IstioLayerKeeper } from './istio-layer-keeper.ts';
import { ResourceClaims } from './resource-claims.ts';

/** Where resources go: the pool of the xDS server. */
export interface ResourcePool {
  publish(change: Change): Publication;
  acknowledgement(sequence: number, keys: Iterable<ResourceKey>): Acknowledgement;
}

/** Encodes a resource for the pool, once. */
export type Encode = (resource: NamedResource) => Resource;

/** Which services a node is told of; nodes with equal keys are told of the same. */
export interface CallScope {
  readonly key: string;
  includes(service: string): boolean;
}

interface KnownView {
  readonly node: NodeDescriptor;
  readonly scope: CallScope | undefined;
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
  readonly #claims = new ResourceClaims();
  readonly #views = new Map<string, KnownView>();
  readonly #istioLayer: IstioLayerKeeper;
  #structure = '';
  #sequence = 0;

  /** @param onFailure told of a service that cannot be translated, once for each attempt with other content */
  constructor(pool: ResourcePool, encode: Encode, onFailure: (service: string, error: unknown) => void) {
    this.#pool = pool;
    this.#encode = encode;
    this.#istioLayer = new IstioLayerKeeper(encode);
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
      if (resources === undefined) continue;
      this.#claims.replace(id, resources, { upsert, remove });
      this.#istioLayer.set(service);
    }
    for (const id of [...this.#texts.keys()]) {
      if (services.has(id)) continue;
      this.#texts.delete(id);
      this.#claims.replace(id, [], { upsert, remove });
      this.#istioLayer.delete(id);
    }
    upsert.push(...this.#istioLayer.take());
    // Views tell names only: most publications change none, and there may be thousands of views.
    const structure = structureOf(services);
    const views = structure === this.#structure ? [] : this.#changedViews(this.#views, upsert);
    this.#structure = structure;
    const publication = this.#pool.publish({ upsert, remove, views });
    this.#sequence = publication.sequence;
    return publication;
  }

  /**
   * The view of a node, published if it is the first of its kind.
   * @param scope the services that it may be told of; undefined: all
   * @returns its key, or one line that says why the node is not served
   */
  viewOf(node: NodeIdentity, scope?: CallScope): { readonly key: string } | { readonly refused: string } {
    const descriptor = parseNodeMetadata(node.metadata);
    if (typeof descriptor === 'string') return { refused: descriptor };
    const own = descriptor.kind === 'inbound' ? { ...descriptor, id: node.id } : descriptor;
    // What is in front of a model server is shown its own, whatever it may call.
    const key = JSON.stringify(own) + (own.kind === 'inbound' ? '' : (scope?.key ?? ''));
    if (!this.#views.has(key)) {
      const view = { node: own, scope, contents: '' };
      this.#views.set(key, view);
      if (own.kind === 'istio') this.#istioLayer.follow();
      const upsert: Resource[] = [...this.#istioLayer.take()];
      this.#pool.publish({ views: this.#changedViews([[key, view]], upsert), upsert });
    }
    return { key };
  }

  /** An inbound sidecar is gone: what was its alone goes too, until it comes back. */
  forget(node: NodeIdentity): void {
    const descriptor = parseNodeMetadata(node.metadata);
    if (typeof descriptor === 'string' || descriptor.kind !== 'inbound') return;
    const own = { ...descriptor, id: node.id };
    const key = JSON.stringify(own);
    if (!this.#views.delete(key)) return;
    this.#pool.publish({
      removeViews: [key],
      remove: [{ typeUrl: TYPE_URL.lds, name: inboundListenerName(own) }],
    });
  }

  /** Whether an inbound sidecar has acknowledged the shares of limits that were last published for it. */
  sharesAcknowledged(service: string, nodeId: string): boolean {
    const keys = Array.from({ length: SHARE_SLOTS }, (_, slot) => ({
      typeUrl: TYPE_URL.ecds,
      name: shareSlotName(service, nodeId, slot),
    }));
    const { of, by } = this.#pool.acknowledgement(this.#sequence, keys);
    return of > 0 && by === of;
  }

  /** How many sidecars are told the weights of a service, and which of them have not acknowledged what is published now. */
  routeProgress(service: string): Pick<Acknowledgement, 'of' | 'laggards'> {
    return this.#pool.acknowledgement(this.#sequence, routeKeys(service));
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

  /** Contents of the views that differ from what was told; their own resources are added to `upsert`. */
  #changedViews(
    views: Iterable<readonly [string, KnownView]>,
    upsert: Resource[],
  ): (readonly [string, ViewContents])[] {
    const changed: (readonly [string, ViewContents])[] = [];
    const services = [...this.#services.values()];
    for (const [key, { node, scope, contents }] of views) {
      // It is shown its own listener and cluster, whatever the services are.
      if (node.kind === 'inbound' && contents !== '') continue;
      const visible = scope ? services.filter(({ id }) => scope.includes(id)) : services;
      const view = translateView(node, visible);
      const text = JSON.stringify(view.contents);
      if (text === contents) continue;
      this.#views.set(key, { node, scope, contents: text });
      upsert.push(...view.own.map(this.#encode));
      changed.push([key, view.contents]);
    }
    return changed;
  }
}

/** What tells sidecars the weights of a service: its routes, or Istio's layer. */
export function routeKeys(service: string): readonly ResourceKey[] {
  return [
    { typeUrl: TYPE_URL.rds, name: service },
    { typeUrl: TYPE_URL.rtds, name: ISTIO_LAYER },
  ];
}

/** All that the contents of a view depend on. */
function structureOf(services: ReadonlyMap<string, ServiceIr>): string {
  return JSON.stringify(
    [...services.values()].map((service) => [service.id, service.hosts, service.port, clustersOf(service)]),
  );
}
