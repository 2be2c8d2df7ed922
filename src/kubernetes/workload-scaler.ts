import type { ModelService } from '../core/api/model-service.ts';
import type { ScaledWorkload } from '../core/decide/service-look.ts';
import type { ReplicaTarget } from '../core/policy/workload/decision.ts';
import type { ApiClient } from './api-client.ts';
import { isStatus, reasonOf } from './api-error.ts';
import { WriteQueue } from './write-queue.ts';

/** The name under which the replicas that we set stand in `metadata.managedFields`. */
const SCALE_MANAGER = 'penstock-scaling';
/** Somebody else may scale as well: what is there is compared with what is wanted this often. */
const COMPARED_EVERY_MS = 3000;

/** The scale subresource, autoscaling/v1. */
interface Scale {
  readonly metadata: { readonly resourceVersion?: string };
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number };
}

interface Known {
  readonly facts: Omit<ScaledWorkload, 'name'>;
  readonly text: string;
  /** When it was last asked for, by `performance.now()`. */
  readonly at: number;
}

const UNREAD = { replicas: undefined, pods: undefined, trouble: undefined };

/**
 * Scales Deployments that versions name, through their scale subresource and by server-side apply: of an object of
 * others we own one field, the replicas, and that only while a rollout wants something of it. One that nothing is
 * wanted of is not even read.
 */
export class WorkloadScaler {
  readonly #client: ApiClient;
  readonly #queue: WriteQueue;
  readonly #known = new Map<string, Known>();
  readonly #onScaled: (deployment: string, from: number, to: number) => void;

  /** @param onScaled told of each change, with `NAMESPACE/NAME` */
  constructor(client: ApiClient, onScaled: (deployment: string, from: number, to: number) => void) {
    this.#client = client;
    this.#onScaled = onScaled;
    this.#queue = new WriteQueue({ perSecond: 20, concurrency: 4, onFailure: () => {} });
  }

  /** What is known of the Deployments that the versions of a service name. */
  of(service: ModelService): ReadonlyMap<string, ScaledWorkload> {
    const workloads = new Map<string, ScaledWorkload>();
    for (const { name, scaleTargetRef } of service.spec.versions) {
      if (scaleTargetRef === undefined) continue;
      const { facts } = this.#known.get(keyOf(service, scaleTargetRef.name)) ?? { facts: UNREAD };
      workloads.set(name, { ...facts, name: scaleTargetRef.name });
    }
    return workloads;
  }

  /** Has these versions scaled; the others of the service are left alone. */
  scale(service: ModelService, targets: ReadonlyMap<string, ReplicaTarget>): void {
    for (const { name, scaleTargetRef } of service.spec.versions) {
      if (scaleTargetRef === undefined) continue;
      const key = keyOf(service, scaleTargetRef.name);
      const target = targets.get(name);
      if (target === undefined) this.#known.delete(key);
      else this.#want(key, target);
    }
  }

  /** Another decides: nothing more is scaled, and nothing is taken for known. */
  forget(): void {
    this.#queue.clear();
    this.#known.clear();
  }

  close(): void {
    this.#queue.close();
  }

  #want(key: string, target: ReplicaTarget): void {
    const text = `${target.atLeast} ${target.atMost}`;
    const known = this.#known.get(key);
    const at = performance.now();
    if (known?.text === text && at - known.at < COMPARED_EVERY_MS) return;
    this.#known.set(key, { facts: known?.facts ?? UNREAD, text, at });
    this.#queue.put(key, () => this.#bring(key, target));
  }

  async #bring(
    key: string,
    { atLeast = 0, atMost = Number.POSITIVE_INFINITY }: ReplicaTarget,
  ): Promise<void> {
    try {
      const scale = await this.#client.ask<Scale>({ method: 'GET', path: pathOf(key) });
      const now = scale.spec?.replicas ?? 0;
      const wanted = Math.min(Math.max(now, atLeast), Math.max(atMost, atLeast));
      const scaled = wanted === now ? scale : await this.#apply(key, scale, wanted);
      if (scaled !== scale) this.#onScaled(key, now, wanted);
      this.#learn(key, { replicas: wanted, pods: scaled.status?.replicas, trouble: undefined });
    } catch (error) {
      // What is not there has no replicas: who is to be let go, is.
      if (isStatus(error, 404))
        this.#learn(key, { replicas: 0, pods: 0, trouble: 'there is no such Deployment' });
      else this.#learn(key, { ...UNREAD, trouble: reasonOf(error) });
      throw error;
    }
  }

  /** Over what was read, and nothing else: who scaled it meanwhile is seen first. */
  #apply(key: string, { metadata }: Scale, replicas: number): Promise<Scale> {
    const [namespace, name] = key.split('/');
    return this.#client.ask<Scale>({
      method: 'PATCH',
      path: pathOf(key),
      query: { fieldManager: SCALE_MANAGER, force: 'true' },
      patch: 'apply',
      body: {
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name, namespace, resourceVersion: metadata.resourceVersion },
        spec: { replicas },
      },
    });
  }

  #learn(key: string, facts: Known['facts']): void {
    const known = this.#known.get(key);
    if (known !== undefined) this.#known.set(key, { ...known, facts });
  }
}

function keyOf({ metadata }: ModelService, name: string): string {
  return `${metadata.namespace}/${name}`;
}

function pathOf(key: string): string {
  const [namespace, name] = key.split('/');
  return `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/scale`;
}
