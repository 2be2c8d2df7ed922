import { readFileSync } from 'node:fs';

/** What the system says of a process at one moment. */
export interface ProcessSample {
  readonly atMs: number;
  /** R running, S asleep, D waiting for a device, T stopped, Z dead. */
  readonly state: string;
  /** CPU time used so far, in clock ticks. */
  readonly cpuTicks: number;
}

export interface WatchdogSettings {
  readonly pid: number;
  /** Since when it has worked on a batch, in ms of `performance.now()`; undefined while it is idle. */
  readonly busySinceMs: () => number | undefined;
  /** Whether the CPU does the work, so that work without CPU time is none. */
  readonly computesOnCpu: boolean;
  /** The longest that one batch may take. */
  readonly runTimeoutMs: number;
  readonly onHung: (reason: string) => void;
}

const SAMPLE_EVERY_MS = 250;
const STOPPED_FOR_MS = 500;
const STALLED_FOR_MS = 1_000;

/** Watches a runner for signs that it will never answer, and says so once. Returns the way to end the watch. */
export function watchRunner(settings: WatchdogSettings): () => void {
  let samples: ProcessSample[] = [];
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const sample = sampleProcess(settings.pid, nowMs);
    const last = samples.at(-1);
    // After a pause of our own (a suspended machine), what was seen before it says nothing.
    if (!sample || (last && nowMs - last.atMs > STALLED_FOR_MS)) samples = [];
    if (sample) samples = [...samples, sample].filter((seen) => nowMs - seen.atMs <= 2 * STALLED_FOR_MS);
    const reason = decideHung(samples, settings.busySinceMs(), nowMs, settings);
    if (reason === undefined) return;
    clearInterval(timer);
    settings.onHung(reason);
  }, SAMPLE_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Why a process must be taken for hung, or undefined while it need not: it is stopped, it has worked on a batch for a
 * second without using the CPU, or the batch takes longer than any may.
 */
export function decideHung(
  samples: readonly ProcessSample[],
  busySinceMs: number | undefined,
  nowMs: number,
  { computesOnCpu, runTimeoutMs }: Pick<WatchdogSettings, 'computesOnCpu' | 'runTimeoutMs'>,
): string | undefined {
  if (heldFor(samples, nowMs, (sample) => sample.state === 'T' || sample.state === 't') >= STOPPED_FOR_MS) {
    return 'the runner is stopped';
  }
  if (busySinceMs === undefined) return undefined;
  if (nowMs - busySinceMs > runTimeoutMs)
    return `the runner has worked on one batch for over ${runTimeoutMs} ms`;
  const last = samples.at(-1);
  const stalledMs = heldFor(
    samples.filter((sample) => sample.atMs >= busySinceMs),
    nowMs,
    (sample) => 'SD'.includes(sample.state) && sample.cpuTicks === last?.cpuTicks,
  );
  return computesOnCpu && stalledMs >= STALLED_FOR_MS
    ? 'the runner makes no progress on its batch'
    : undefined;
}

/** For how long up to now every sample has been so. */
function heldFor(
  samples: readonly ProcessSample[],
  nowMs: number,
  holds: (sample: ProcessSample) => boolean,
): number {
  let sinceMs = nowMs;
  for (const sample of samples.toReversed()) {
    if (!holds(sample)) break;
    sinceMs = sample.atMs;
  }
  return nowMs - sinceMs;
}

/** Reads /proc; undefined where there is none, or no such process. */
function sampleProcess(pid: number, atMs: number): ProcessSample | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in parentheses and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { atMs, state: fields[0] ?? '', cpuTicks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}
