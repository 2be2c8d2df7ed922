import { readdirSync, readFileSync } from 'node:fs';

const SAMPLE_MS = 100;

/** How much of the processor processes used at once, while they were watched. */
export interface CoresUsed {
  /** Most that one process used over a sample, in cores. */
  readonly busiest: number;
  /** Most that all of them used over the same sample, in cores. */
  readonly together: number;
  /** CPU of each over the whole time, s. */
  readonly seconds: readonly number[];
}

/** Watches processes; the function that comes back ends it and tells. */
export function watchCores(pids: readonly string[]): () => CoresUsed {
  const first = pids.map(usedNs);
  let before = first;
  let beforeAt = performance.now();
  let busiest = 0;
  let together = 0;
  const timer = setInterval(() => {
    // What is gone has used what it had.
    const now = pids.map((pid, i) => Math.max(usedNs(pid), before[i] ?? 0));
    const at = performance.now();
    const cores = now.map((ns, i) => (ns - (before[i] ?? 0)) / 1e6 / (at - beforeAt));
    busiest = Math.max(busiest, ...cores);
    together = Math.max(
      together,
      cores.reduce((sum, each) => sum + each, 0),
    );
    before = now;
    beforeAt = at;
  }, SAMPLE_MS);
  return () => {
    clearInterval(timer);
    return { busiest, together, seconds: before.map((ns, i) => (ns - (first[i] ?? 0)) / 1e9) };
  };
}

/** CPU time of a process over its threads, ns; 0 where it is gone. */
function usedNs(pid: string): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
      const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
      return sum + Number(text.split(' ')[0]);
    }, 0);
  } catch {
    return 0;
  }
}
