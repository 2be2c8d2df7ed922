import { readFileSync } from 'node:fs';

/** How much memory is in use, as a share of what there is. */
export interface MemoryUse {
  /** Whose memory: the container's when it has a limit, the machine's otherwise. */
  readonly source: 'container' | 'machine';
  /** 0…1, without what the system only keeps because there is room. */
  readonly share: number;
}

/** Reads the use of memory; undefined where the system does not tell (it does on Linux). */
export function readMemoryUse(read: (path: string) => string = readText): MemoryUse | undefined {
  return containerUse(read) ?? machineUse(read);
}

/** Source: the kernel's documentation of control groups v2, memory interface files. */
function containerUse(read: (path: string) => string): MemoryUse | undefined {
  const limit = Number(attempt(() => read('/sys/fs/cgroup/memory.max')));
  const current = Number(attempt(() => read('/sys/fs/cgroup/memory.current')));
  if (!(limit > 0) || Number.isNaN(current)) return undefined;
  const statistics = attempt(() => read('/sys/fs/cgroup/memory.stat')) ?? '';
  const reclaimable = Number(/^inactive_file (\d+)/m.exec(statistics)?.[1] ?? 0);
  return { source: 'container', share: (current - reclaimable) / limit };
}

function machineUse(read: (path: string) => string): MemoryUse | undefined {
  const text = attempt(() => read('/proc/meminfo')) ?? '';
  const total = Number(/^MemTotal:\s+(\d+)/m.exec(text)?.[1]);
  const available = Number(/^MemAvailable:\s+(\d+)/m.exec(text)?.[1]);
  return total > 0 && available >= 0 ? { source: 'machine', share: 1 - available / total } : undefined;
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

function attempt(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
