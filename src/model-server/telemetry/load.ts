import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { ServedVersion } from '../serving/version.ts';

/** How loaded the server is, as it is reported with each answer. */
export interface LoadReport {
  /** Share of the time in which the busiest runner computes, 0…1. */
  readonly busy: number;
  /** CPU time of the server and its runners as a share of the machine's cores, 0…1. */
  readonly cpu: number;
  /** Memory of the server and its runners as a share of the machine's, 0…1. */
  readonly memory: number;
  readonly requestsPerSecond: number;
  /** Calls that wait. */
  readonly queued: number;
}

export interface LoadSources {
  readonly versions: () => readonly ServedVersion[];
  readonly answered: () => number;
}

const SAMPLE_EVERY_MS = 500;
/** Weight of the newest sample: about two seconds' memory. */
const SMOOTHING = 0.25;
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4_096;

/** Measures the load now and then, so that reporting it costs a call nothing. */
export class LoadMeter {
  readonly #sources: LoadSources;
  readonly #timer: NodeJS.Timeout;
  #lastMs = performance.now();
  #lastAnswered = 0;
  #busyMs = new Map<ServedVersion, number>();
  #cpuMs = new Map<number, number>();
  #smoothed = { busy: 0, cpu: 0, memory: 0, requestsPerSecond: 0 };

  constructor(sources: LoadSources) {
    this.#sources = sources;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);
    this.#timer.unref();
  }

  report(): LoadReport {
    const queued = this.#sources.versions().reduce((sum, version) => sum + version.scheduler.queued, 0);
    return { ...this.#smoothed, queued };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const nowMs = performance.now();
    const passedMs = nowMs - this.#lastMs;
    const answered = this.#sources.answered();
    const { cpuMs, memoryBytes } = this.#processes();
    const smooth = (before: number, now: number) => before + SMOOTHING * (now - before);
    this.#smoothed = {
      busy: smooth(this.#smoothed.busy, this.#busiestMs() / passedMs),
      cpu: smooth(this.#smoothed.cpu, cpuMs / passedMs / availableParallelism()),
      memory: memoryBytes / totalmem(),
      requestsPerSecond: smooth(
        this.#smoothed.requestsPerSecond,
        ((answered - this.#lastAnswered) / passedMs) * 1_000,
      ),
    };
    this.#lastMs = nowMs;
    this.#lastAnswered = answered;
  }

  #busiestMs(): number {
    const now = new Map(this.#sources.versions().map((version) => [version, version.scheduler.busyTotalMs]));
    const spent = [...now].map(([version, total]) => total - (this.#busyMs.get(version) ?? total));
    this.#busyMs = now;
    return Math.max(0, ...spent);
  }

  #processes(): { cpuMs: number; memoryBytes: number } {
    const pids = [process.pid, ...this.#sources.versions().map((version) => version.runnerPid ?? 0)];
    const uses = new Map(pids.map((pid) => [pid, processUse(pid)]));
    let cpuMs = 0;
    let memoryBytes = 0;
    for (const [pid, use] of uses) {
      cpuMs += use.cpuMs - (this.#cpuMs.get(pid) ?? use.cpuMs);
      memoryBytes += use.memoryBytes;
    }
    this.#cpuMs = new Map([...uses].map(([pid, use]) => [pid, use.cpuMs]));
    return { cpuMs, memoryBytes };
  }
}

/** What a process has used, from /proc; zero where that cannot be told. */
function processUse(pid: number): { cpuMs: number; memoryBytes: number } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = (fields[11] ?? 0) + (fields[12] ?? 0);
    return { cpuMs: (ticks / TICKS_PER_SECOND) * 1_000, memoryBytes: (fields[21] ?? 0) * PAGE_BYTES };
  } catch {
    return { cpuMs: 0, memoryBytes: 0 };
  }
}
