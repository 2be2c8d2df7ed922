import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** What a version does with its calls. */
export interface VersionBehaviour {
  readonly failureRate: number;
  /** Of a log-normal latency. */
  readonly medianMs: number;
}

/** To the thread of the versions; it answers with the `id` when the order is in force. */
export interface Order {
  readonly id: number;
  readonly index: number;
  readonly behaviour: VersionBehaviour;
}

/** Versions of models on ports of loopback. */
export interface Versions {
  /** In the order of the names. */
  readonly ports: readonly number[];
  /** From the moment at which this is resolved a version behaves so. */
  behave(index: number, behaviour: VersionBehaviour): Promise<void>;
  stop(): Promise<void>;
}

export async function startVersions(names: readonly string[], seed: number): Promise<Versions> {
  const worker = new Worker(new URL('versions-worker.ts', import.meta.url), { workerData: { names, seed } });
  const [{ ports }] = (await once(worker, 'message')) as [{ readonly ports: readonly number[] }];
  const waiting = new Map<number, () => void>();
  worker.on('message', ({ id }: { readonly id: number }) => waiting.get(id)?.());
  let orders = 0;
  return {
    ports,
    behave: (index, behaviour) =>
      new Promise((resolve) => {
        orders += 1;
        waiting.set(orders, resolve);
        worker.postMessage({ id: orders, index, behaviour } satisfies Order);
      }),
    stop: async () => {
      await worker.terminate();
    },
  };
}
