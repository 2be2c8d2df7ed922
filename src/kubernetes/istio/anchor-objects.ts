import type { IstioObject } from '../../core/translate/istio/istio-object.ts';
import type { ApiClient } from '../api-client.ts';
import { isStatus, reasonOf } from '../api-error.ts';
import { type ClusterObject, Reflector } from '../reflector.ts';
import { FIELD_MANAGER } from '../status-writer.ts';
import { WriteQueue } from '../write-queue.ts';
import { type IstioKind, pathOfKind } from './istio-kinds.ts';

export interface AnchorObjectsListener {
  /** Something of these kinds is another than before. */
  changed(): void;
  /** A kind cannot be told now; `undefined`: it can again. */
  trouble(kind: string, message: string | undefined): void;
}

/** A kind that the cluster does not have may be installed later. */
const LOOK_AGAIN_MS = 30_000;
/** Two who correct each other do not do it more often, and a busy breaker is not written more often. */
const WRITE_EVERY_MS = 1000;
const WRITES_PER_SECOND = 20;

/** The objects of a cluster that anchors are made of, or that stand in their way: follows all of them, writes ours. */
export class AnchorObjects {
  readonly #client: ApiClient;
  readonly #kinds: readonly IstioKind[];
  readonly #namespace: string | undefined;
  readonly #listener: AnchorObjectsListener;
  readonly #followed = new Map<string, Reflector<ClusterObject>>();
  readonly #synced = new Set<string>();
  readonly #absent = new Set<string>();
  readonly #failures = new Map<string, string>();
  readonly #queue: WriteQueue;
  readonly #writtenAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param namespace of all the objects; undefined: every one */
  constructor(
    client: ApiClient,
    kinds: readonly IstioKind[],
    namespace: string | undefined,
    listener: AnchorObjectsListener,
  ) {
    this.#client = client;
    this.#kinds = kinds;
    this.#namespace = namespace;
    this.#listener = listener;
    this.#queue = new WriteQueue({
      perSecond: WRITES_PER_SECOND,
      concurrency: 4,
      onFailure: () => {},
    });
    void this.#begin();
  }

  /** Whether all of them are known that the cluster has. */
  get settled(): boolean {
    return this.#kinds.every(({ kind }) => this.#synced.has(kind) || this.#absent.has(kind));
  }

  /** What is there. */
  get objects(): readonly IstioObject[] {
    return [...this.#followed.values()].flatMap(
      (each) => [...each.objects.values()] as unknown as readonly IstioObject[],
    );
  }

  /** What the API server said to the last write of an object (`KIND/NAMESPACE/NAME`) that failed. */
  get failures(): ReadonlyMap<string, string> {
    return this.#failures;
  }

  /** Has an object be as it is given, and ours, by server-side apply; what others set in other fields stays. */
  apply(object: IstioObject): void {
    this.#write(object, {
      method: 'PATCH',
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      patch: 'apply',
      body: object,
    });
  }

  /** Has it be gone. */
  remove(object: IstioObject): void {
    this.#write(object, { method: 'DELETE' });
  }

  /** Another decides: nothing more is written. */
  forget(): void {
    this.#queue.clear();
    this.#failures.clear();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#queue.close();
    await Promise.all([...this.#followed.values()].map((each) => each.close()));
  }

  #write(object: IstioObject, request: Omit<Parameters<ApiClient['ask']>[0], 'path'>): void {
    const { kind, metadata } = object;
    const known = this.#kinds.find((each) => each.kind === kind);
    if (known === undefined) throw new Error(`${kind} is no kind of anchors`);
    const key = `${kind}/${metadata.namespace}/${metadata.name}`;
    const path = `${pathOfKind(known, metadata.namespace)}/${metadata.name}`;
    const write = async () => {
      try {
        await this.#client.ask({ ...request, path });
        this.#failures.delete(key);
      } catch (error) {
        // Who is to be removed and is gone is removed; who cannot be made lacks its namespace.
        if (request.method === 'DELETE' && isStatus(error, 404)) return;
        this.#failures.set(key, reasonOf(error));
        throw error;
      }
    };
    const now = performance.now();
    this.#queue.put(
      key,
      write,
      (this.#writtenAt.get(key) ?? Number.NEGATIVE_INFINITY) + WRITE_EVERY_MS - now,
    );
    this.#writtenAt.set(key, now);
  }

  /** A kind that may be missing is asked for first: one that is not there is no trouble. */
  async #begin(): Promise<void> {
    const missing = this.#kinds.filter(({ kind }) => !this.#followed.has(kind));
    for (const each of missing) {
      const there = !each.optional || (await this.#isServed(each));
      if (this.#closed) return;
      if (there) this.#follow(each);
      else this.#absent.add(each.kind);
    }
    this.#listener.changed();
    if (this.#absent.size > 0) this.#timer = setTimeout(() => void this.#begin(), LOOK_AGAIN_MS).unref();
  }

  /** Where that cannot be asked the kind is followed, and its own trouble told. */
  async #isServed({ apiVersion, plural }: IstioKind): Promise<boolean> {
    try {
      const { resources } = await this.#client.ask<{ readonly resources?: readonly { name: string }[] }>({
        method: 'GET',
        path: `/apis/${apiVersion}`,
      });
      return resources?.some(({ name }) => name === plural) ?? false;
    } catch (error) {
      return !isStatus(error, 404);
    }
  }

  #follow(of: IstioKind): void {
    const { kind, apiVersion, named } = of;
    this.#absent.delete(kind);
    const options = {
      path: pathOfKind(of, this.#namespace),
      slim: (object: unknown) => slim(object as ClusterObject, kind, apiVersion),
      ...(named === undefined ? {} : { fieldSelector: `metadata.name=${named}` }),
    };
    const reflector = new Reflector<ClusterObject>(this.#client, options, {
      changed: () => this.#listener.changed(),
      synced: () => {
        this.#synced.add(kind);
        this.#listener.changed();
      },
      trouble: (message) => this.#listener.trouble(kind, message),
    });
    this.#followed.set(kind, reflector);
  }
}

/** Without who set which field, which is the larger part; lists do not name the kind of their objects. */
function slim(object: ClusterObject, kind: string, apiVersion: string): ClusterObject {
  const { managedFields: _, ...metadata } = object.metadata as ClusterObject['metadata'] & {
    readonly managedFields?: unknown;
  };
  return { ...object, kind, apiVersion, metadata } as ClusterObject;
}
