/** Something that is done again and again. */
export interface Task {
  /** Tasks with the same key are the same task, whatever else has changed. */
  readonly key: string;
  /** From one start to the next, ms; asked after each run. */
  readonly periodMs: () => number;
  /** Must not reject: what goes wrong with one task is its own affair. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

interface Entry {
  task: Task;
  dueAt: number;
  running: boolean;
}

/**
 * Runs tasks each at its own period, a bounded number at once. A task never overlaps itself, and one that
 * takes longer than its period starts again when it has ended; the others do not wait for it.
 */
export class Schedule {
  readonly #concurrency: number;
  readonly #entries = new Map<string, Entry>();
  readonly #stopped = new AbortController();
  readonly #runs = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** These tasks and no others from now on. New ones are due at once; those that remain keep their time. */
  replace(tasks: readonly Task[]): void {
    const keys = new Set(tasks.map(({ key }) => key));
    for (const key of this.#entries.keys()) if (!keys.has(key)) this.#entries.delete(key);
    for (const task of tasks) {
      const entry = this.#entries.get(task.key);
      if (entry) entry.task = task;
      else this.#entries.set(task.key, { task, dueAt: performance.now(), running: false });
    }
    this.#pump();
  }

  /** Starts nothing more, tells the running ones to give up, and waits for them. */
  async close(): Promise<void> {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    this.#entries.clear();
    await Promise.all(this.#runs);
  }

  #pump(): void {
    clearTimeout(this.#timer);
    if (this.#stopped.signal.aborted) return;
    const waiting = [...this.#entries.values()]
      .filter(({ running }) => !running)
      .sort((a, b) => a.dueAt - b.dueAt);
    for (const entry of waiting) {
      if (this.#runs.size >= this.#concurrency) return;
      const waitMs = entry.dueAt - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs);
        return;
      }
      this.#start(entry);
    }
  }

  #start(entry: Entry): void {
    entry.running = true;
    const startedAt = performance.now();
    const run = entry.task.run(this.#stopped.signal).finally(() => {
      entry.running = false;
      entry.dueAt = Math.max(startedAt + entry.task.periodMs(), performance.now());
      this.#runs.delete(run);
      this.#pump();
    });
    this.#runs.add(run);
  }
}
