import type { V1EndpointSlice, V1Pod } from '@kubernetes/client-node';
import type { ApiClient } from './api-client.ts';
import { slimPod, slimSlice } from './pod-facts.ts';
import {
  addressesOf,
  fits,
  type PodAddress,
  type PodFacts,
  type PodPlace,
  type SliceFacts,
} from './pod-place.ts';
import { type ClusterObject, Reflector } from './reflector.ts';

/** Told of the instances of a place. */
export interface PodFollower {
  readonly found: (addresses: readonly PodAddress[]) => void;
  readonly failed: (message: string) => void;
}

interface Following {
  readonly place: PodPlace;
  readonly follower: PodFollower;
}

/** Pods and EndpointSlices of one scope: a namespace, or all of them. */
interface Scope {
  readonly pods: Reflector<ClusterObject & { readonly facts: PodFacts }> | undefined;
  readonly slices: Reflector<ClusterObject & { readonly facts: SliceFacts }>;
  readonly synced: Set<'pods' | 'slices'>;
}

/** What changes together is told together. */
const SETTLE_MS = 5;

/**
 * Follows the pods and EndpointSlices that places name, with one watch of each however many places there are. Of an
 * object only what a place can ask for is kept.
 */
export class PodDirectory {
  readonly #client: ApiClient;
  readonly #everywhere: boolean;
  readonly #scopes = new Map<string, Scope>();
  /** By namespace, then by name. */
  readonly #pods = new Map<string, Map<string, PodFacts>>();
  readonly #slices = new Map<string, Map<string, SliceFacts>>();
  readonly #following = new Map<string, Set<Following>>();
  readonly #dirty = new Set<Following>();
  #timer: NodeJS.Timeout | undefined;

  /** @param namespace undefined: of all namespaces, with one watch; else a watch for each namespace that is named */
  constructor(client: ApiClient, namespace: string | undefined) {
    this.#client = client;
    this.#everywhere = namespace === undefined;
  }

  /** Follows a place. @returns stops following */
  follow(place: PodPlace, follower: PodFollower): () => void {
    const following = { place, follower };
    const places = this.#following.get(place.namespace) ?? new Set();
    this.#following.set(place.namespace, places.add(following));
    this.#open(place.namespace);
    this.#soon(following);
    return () => {
      places.delete(following);
      this.#dirty.delete(following);
    };
  }

  /** Whether all that is followed is known and told. */
  get settled(): boolean {
    return this.#dirty.size === 0 && [...this.#scopes.values()].every(({ synced }) => synced.size === 2);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(
      [...this.#scopes.values()].flatMap(({ pods, slices }) => [pods?.close(), slices.close()]),
    );
  }

  #open(namespace: string): void {
    const scope = this.#everywhere ? '' : namespace;
    if (this.#scopes.has(scope)) return;
    const within = scope === '' ? '' : `/namespaces/${scope}`;
    const synced = new Set<'pods' | 'slices'>();
    const trouble = (message: string | undefined): void => this.#trouble(scope, message);
    const done = (what: 'pods' | 'slices'): void => {
      synced.add(what);
      for (const [name, places] of this.#following)
        if (scope === '' || scope === name) for (const each of places) this.#soon(each);
    };
    const pods = new Reflector<ClusterObject & { readonly facts: PodFacts }>(
      this.#client,
      { path: `/api/v1${within}/pods`, slim: (pod) => slimPod(pod as V1Pod) },
      {
        changed: (before, after) => this.#podChanged(before, after),
        synced: () => done('pods'),
        trouble,
      },
    );
    const slices = new Reflector<ClusterObject & { readonly facts: SliceFacts }>(
      this.#client,
      {
        path: `/apis/discovery.k8s.io/v1${within}/endpointslices`,
        slim: (slice) => slimSlice(slice as V1EndpointSlice),
      },
      {
        changed: (before, after) => this.#sliceChanged(before, after),
        synced: () => done('slices'),
        trouble,
      },
    );
    this.#scopes.set(scope, { pods, slices, synced });
  }

  #podChanged(
    before: (ClusterObject & { readonly facts: PodFacts }) | undefined,
    after: typeof before,
  ): void {
    const { namespace = '', name } = (after ?? before)?.metadata ?? { name: '' };
    if (before !== undefined && JSON.stringify(before.facts) === JSON.stringify(after?.facts)) return;
    keep(this.#pods, namespace, name, after?.facts);
    for (const following of this.#following.get(namespace) ?? []) {
      const { selector } = following.place;
      const concerned = [before, after].some(
        (pod) => pod !== undefined && selector !== undefined && fits(selector, pod.facts.labels),
      );
      if (concerned) this.#soon(following);
    }
  }

  #sliceChanged(
    before: (ClusterObject & { readonly facts: SliceFacts }) | undefined,
    after: typeof before,
  ): void {
    const { namespace = '', name } = (after ?? before)?.metadata ?? { name: '' };
    keep(this.#slices, namespace, name, after?.facts);
    const services = new Set([before?.facts.service, after?.facts.service]);
    for (const following of this.#following.get(namespace) ?? []) {
      // A place without a service takes the zones of its pods from the slices, which come when the pods are ready.
      const { service } = following.place;
      if (service === undefined || services.has(service)) this.#soon(following);
    }
  }

  #soon(following: Following): void {
    this.#dirty.add(following);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const told = [...this.#dirty];
      this.#dirty.clear();
      for (const each of told) this.#tell(each);
    }, SETTLE_MS);
  }

  #tell({ place, follower }: Following): void {
    const scope = this.#scopes.get(this.#everywhere ? '' : place.namespace);
    // Half of the truth is no truth: a start that has read no pods must not empty a version.
    if (scope === undefined || scope.synced.size < 2) return;
    const pods = this.#pods.get(place.namespace) ?? new Map<string, PodFacts>();
    const slices = this.#slices.get(place.namespace) ?? new Map<string, SliceFacts>();
    follower.found(addressesOf(place, pods, slices.values()));
  }

  #trouble(scope: string, message: string | undefined): void {
    for (const [namespace, places] of this.#following) {
      if (scope !== '' && scope !== namespace) continue;
      for (const each of places) {
        if (message === undefined) this.#soon(each);
        else each.follower.failed(`the API server cannot tell of pods: ${message}`);
      }
    }
  }
}

function keep<T>(
  store: Map<string, Map<string, T>>,
  namespace: string,
  name: string,
  facts: T | undefined,
): void {
  const inside = store.get(namespace) ?? new Map<string, T>();
  store.set(namespace, inside);
  if (facts === undefined) inside.delete(name);
  else inside.set(name, facts);
}
