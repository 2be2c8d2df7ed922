import cluster from 'node:cluster';
import type { Change } from '../../src/core/delta/resource.ts';
import { serveXds } from '../../src/xds/xds-server.ts';

/** One view for every node: equal sidecars. */
export const VIEW = 'sidecars';

/** What serves one state, in this process or in several behind one port. */
export interface Serving {
  /** Processes that serve. */
  readonly pids: readonly number[];
  publish(change: Change): void;
  close(): void;
}

/** Serves in this process. */
export async function serveHere(address: string): Promise<Serving> {
  const server = await serveXds({ address, nodes: { viewOf: () => VIEW, roleOf: () => 'outbound' } });
  return {
    pids: [process.pid],
    publish: (change) => void server.publish(change),
    close: () => void server.close(),
  };
}

/**
 * Serves in several processes that share the port. One decides and sends each change, encoded, to all: versions are
 * hashes of contents, so that a client that comes back to another of them is told nothing that it has.
 */
export async function serveInWorkers(address: string, count: number): Promise<Serving> {
  cluster.setupPrimary({ serialization: 'advanced' });
  const workers = Array.from({ length: count }, () => cluster.fork({ PENSTOCK_BENCH_XDS: address }));
  await Promise.all(
    workers.map((worker) => new Promise<void>((resolve) => worker.once('message', () => resolve()))),
  );
  return {
    pids: [process.pid, ...workers.flatMap(({ process: { pid } }) => pid ?? [])],
    publish: (change) => {
      for (const worker of workers) worker.send(change);
    },
    close: () => {
      for (const worker of workers) worker.kill();
    },
  };
}

/** In a worker: serves what the deciding process sends. */
export async function serveAsWorker(): Promise<void> {
  const serving = await serveHere(process.env.PENSTOCK_BENCH_XDS ?? '');
  process.on('message', (change: Change) => serving.publish(change));
  process.once('disconnect', () => process.exit());
  process.send?.('listening');
}
