import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { type ClusterObject, Reflector } from '../../src/kubernetes/reflector.ts';

interface Pod extends ClusterObject {
  readonly metadata: ClusterObject['metadata'] & { readonly deletionTimestamp?: string };
  readonly status?: { readonly podIP?: string };
}

/**
 * What a kubelet would tell of pods: each runs on an address of loopback of its own, and is ready, unless it is held.
 * Nothing is started: behind all of them stands what listens on `0.0.0.0`.
 */
export class StandInKubelet {
  readonly #client: ApiClient;
  readonly #reflector: Reflector<Pod>;
  readonly #held = new Set<string>();
  #addresses = 0;
  /** The most pods that there were at once, since it was last set. */
  most = 0;

  constructor(kubeconfig: string) {
    this.#client = ApiClient.open(kubeconfig);
    this.#reflector = new Reflector<Pod>(
      this.#client,
      { path: '/api/v1/namespaces/default/pods' },
      { changed: (_, pod) => this.#changed(pod), synced: () => {}, trouble: () => {} },
    );
  }

  /** Pods of this version do not become ready. */
  hold(version: string): void {
    this.#held.add(version);
  }

  release(version: string): void {
    this.#held.delete(version);
    for (const pod of this.#reflector.objects.values()) void this.#run(pod);
  }

  async close(): Promise<void> {
    await this.#reflector.close();
    this.#client.close();
  }

  #changed(pod: Pod | undefined): void {
    this.most = Math.max(this.most, this.#reflector.objects.size);
    if (pod !== undefined) void this.#run(pod);
  }

  async #run({ metadata, status }: Pod): Promise<void> {
    const { name, labels = {}, deletionTimestamp } = metadata;
    const done = status?.podIP !== undefined || deletionTimestamp !== undefined;
    if (done || this.#held.has(labels.version ?? '')) return;
    this.#addresses += 1;
    const podIP = `127.1.${this.#addresses >> 8}.${this.#addresses & 255}`;
    const conditions = [{ type: 'Ready', status: 'True' }];
    const body = { status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions } };
    const path = `/api/v1/namespaces/default/pods/${name}/status`;
    // A pod that is gone meanwhile needs none.
    await this.#client.ask({ method: 'PATCH', path, patch: 'merge', body }).catch(() => {});
  }
}
