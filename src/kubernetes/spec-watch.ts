import { type Acceptance, acceptObjects, type Candidate, candidateOf } from '../core/api/accept-objects.ts';
import { pathOf } from '../core/api/crd.ts';
import { type ApiObject, type Kind, kindNames } from '../core/api/kinds.ts';
import { apiVersion } from '../core/api/metadata.ts';
import { keyOf as objectKey } from '../core/api/object-set.ts';
import type { ApiClient } from './api-client.ts';
import { type ClusterObject, Reflector } from './reflector.ts';

/** One of our objects as the cluster holds it. */
export interface SpecObject extends ClusterObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** Told of the specs of a cluster. */
export interface SpecListener {
  /** All objects that may be in force together, and what is said of each. */
  accepted(acceptance: Acceptance): void;
  /** An object asks for something by the annotation `penstock.dev/ask`. */
  asked(object: SpecObject, command: string): void;
  /** A kind cannot be told now; `undefined`: it can again. */
  trouble(kind: Kind, message: string | undefined): void;
}

/** What a person writes to an object to have it promoted, aborted or retried. */
export const ASK = 'penstock.dev/ask';

/** Many objects are applied together: they are judged together. */
const SETTLE_MS = 30;

/** Follows all objects of our kinds, in one namespace or in all. */
export class SpecWatch {
  readonly #listener: SpecListener;
  readonly #reflectors = new Map<Kind, Reflector<SpecObject>>();
  readonly #synced = new Set<Kind>();
  /** What was read of an object, by its uid: an object is read once for each generation. */
  readonly #read = new Map<string, { readonly generation: number; readonly candidate: Candidate }>();
  #previous: ReadonlyMap<string, ApiObject> = new Map();
  #timer: NodeJS.Timeout | undefined;

  /** @param namespace undefined: all of them */
  constructor(client: ApiClient, namespace: string | undefined, listener: SpecListener) {
    this.#listener = listener;
    for (const kind of kindNames) {
      const reflector = new Reflector<SpecObject>(
        client,
        { path: pathOf(kind, namespace) },
        {
          changed: (before, after) => this.#changed(before, after),
          synced: () => {
            this.#synced.add(kind);
            this.#soon();
          },
          trouble: (message) => listener.trouble(kind, message),
        },
      );
      this.#reflectors.set(kind, reflector);
    }
  }

  /** The object as the cluster holds it. @param key `NAMESPACE/NAME` */
  find(kind: Kind, key: string): SpecObject | undefined {
    return this.#reflectors.get(kind)?.objects.get(key);
  }

  /** All objects of a kind, by `NAMESPACE/NAME`. */
  all(kind: Kind): ReadonlyMap<string, SpecObject> {
    return this.#reflectors.get(kind)?.objects ?? new Map();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all([...this.#reflectors.values()].map((each) => each.close()));
  }

  #changed(before: SpecObject | undefined, after: SpecObject | undefined): void {
    const asked = after?.metadata.annotations?.[ASK];
    if (after !== undefined && asked !== undefined && asked !== before?.metadata.annotations?.[ASK])
      this.#listener.asked(after, asked);
    if (after === undefined) this.#read.delete(before?.metadata.uid ?? '');
    // What we write ourselves, the status, is no news.
    const same = before?.metadata.uid === after?.metadata.uid;
    if (same && before?.metadata.generation === after?.metadata.generation) return;
    this.#soon();
  }

  #soon(): void {
    if (this.#synced.size < kindNames.length) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#judge();
    }, SETTLE_MS);
  }

  #judge(): void {
    const candidates = kindNames.flatMap((kind) =>
      [...this.all(kind).values()].map((object) => this.#candidate(kind, object)),
    );
    const acceptance = acceptObjects(candidates, this.#previous);
    this.#previous = new Map(acceptance.objects.map((each) => [objectKey(each.kind, each.metadata), each]));
    this.#listener.accepted(acceptance);
  }

  #candidate(kind: Kind, object: SpecObject): Candidate {
    const { uid = '', generation = 0 } = object.metadata;
    const known = this.#read.get(uid);
    if (known?.generation === generation) return known.candidate;
    const candidate = candidateOf(plain(kind, object));
    this.#read.set(uid, { generation, candidate });
    return candidate;
  }
}

/** The object as people write it: without what Kubernetes adds. */
function plain(kind: Kind, { metadata, spec }: SpecObject) {
  const { name, namespace = 'default', labels } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, ...(labels === undefined ? {} : { labels }) },
    spec,
  };
}
