import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** CPU time that a process and all below it have used, in seconds. Those that have ended count with their parents. */
export function cpuSeconds(root: number): number {
  const processes = new Map<number, { parent: number; ticks: number }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = text
        .slice(text.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      const [, parent = 0] = fields;
      // utime, stime, and those of children that were waited for.
      const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + (fields[index] ?? 0), 0);
      processes.set(Number(name), { parent, ticks });
    } catch {
      // It has ended meanwhile.
    }
  }
  let ticks = 0;
  for (const [pid, process] of processes) {
    let above = pid;
    while (above !== root && above > 1) above = processes.get(above)?.parent ?? 0;
    if (above === root) ticks += process.ticks;
  }
  return ticks / TICKS_PER_SECOND;
}
